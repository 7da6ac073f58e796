package export

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

func TestKindOfCode(t *testing.T) {
	for _, c := range []struct {
		module, name, file string
		want               Kind
	}{
		{"/usr/local/bin/faaslens", "runtime.mallocgc", "/usr/local/go/src/runtime/malloc.go", Host},
		{"", "main.main", "main.go", Host},
		{"wasm:demo/imgsmith", "filter_blur", "/home/x/imgsmith/filter.c", Guest},
		{"wasm:demo/imgsmith", "malloc", "/home/x/imgsmith/malloc.c", Guest},
		{"wasm:demo/imgsmith", "filter_blur", "", Guest},
		{"wasm:demo/imgsmith", "functionDef12", "", Guest},
		{"wasm:demo/imgsmith", "dlmalloc", "././dlmalloc/src/malloc.c", Library},
		{"wasm:demo/imgsmith", "fread", "./libc-top-half/musl/src/stdio/fread.c", Library},
		{"wasm:demo/imgsmith", "_start", "/var/lib/faaslens/cache/objects/src-3b2ff21e898d/start.c", Library},
		{"wasm:demo/imgsmith", "memcpy", "", Library},
		{"wasm:demo/imgsmith", "__main_void", "", Library},
		{"wasm:demo/x", "std::__2::vector<int>::push_back(int&&)", "/usr/include/wasm32-wasi/c++/v1/vector", Library},
		{"wasm:demo/x", "std::__2::sort<int*>(int*, int*)", "", Library},
		{"wasm:demo/x", "app::std_like()", "", Guest},
		{"wasm:demo/x", "core::fmt::write", "/rustc/90b35a623/library/core/src/fmt/mod.rs", Library},
		{"wasm:demo/x", "<alloc::string::String as core::fmt::Write>::write_str", "", Library},
		{"wasm:demo/x", "app::main", "src/main.rs", Guest},
		{"wasm:demo/x", "runtime.mallocgc", "/usr/local/go/src/runtime/malloc.go", Library},
		{"wasm:demo/x", "fmt.Fprintf", "/usr/lib/go-1.26/src/fmt/print.go", Library},
		{"wasm:demo/x", "fmt.Fprintf", "fmt/print.go", Library},
		{"wasm:demo/x", "main.main", "/home/x/go/demo/src/main.go", Guest},
		{"wasm:demo/x", "main.main", "example.com/demo/main.go", Guest},
		{"[host calls]", "wasi_snapshot_preview1.fd_write", "", HostCall},
		{"[kernel.kallsyms]", "vfs_write", "", Kernel},
		{"[kernel.kallsyms]_stext", "vfs_write", "", Kernel},
		{"/lib/modules/6.1/ext4.ko", "ext4_write", "", Kernel},
		{"[unknown]", "[unknown]", "", Unknown},
	} {
		t.Run(c.name+" of "+c.module+" in "+c.file, func(t *testing.T) {
			have := kindOf(&profile.Mapping{File: c.module}, &profile.Function{Name: c.name, Filename: c.file})
			if have != c.want {
				t.Errorf("it is %s, want %s", have, c.want)
			}
		})
	}
	if k := kindOf(nil, nil); k != Host {
		t.Errorf("code without anything is %s", k)
	}
}

// luminance is the relative luminance of WCAG 2.2.
func luminance(c colour) float64 {
	one := func(v uint8) float64 {
		x := float64(v) / 255
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*one(c.r) + 0.7152*one(c.g) + 0.0722*one(c.b)
}

// contrast is the contrast ratio of WCAG 2.2; 4.5 and more is readable (level AA).
func contrast(a, b colour) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestTextIsReadableOnEveryColour(t *testing.T) {
	grounds := map[string]colour{
		"root": rootColour(), "found": hitColour(), "not found": missColour(),
		"more": moreColour(), "less": lessColour(), "same": sameColour(),
	}
	for _, k := range Kinds() {
		for i := range shades {
			grounds[fmt.Sprint(k, " ", i)] = shade(kindColour(k), i)
		}
	}
	for name, c := range grounds {
		if r := contrast(ink(), c); r < 4.5 {
			t.Errorf("contrast on %s (%s) is %.1f, want 4.5", name, c, r)
		}
	}
}

// The page's own colours, in light and in dark.
func TestPageIsReadable(t *testing.T) {
	style, err := page.ReadFile("page/page.css")
	if err != nil {
		t.Fatal(err)
	}
	themes := 0
	for block := range strings.SplitSeq(string(style), "}") {
		colours := make(map[string]colour)
		for _, field := range strings.Fields(block[strings.LastIndexByte(block, '{')+1:]) {
			if hex, ok := strings.CutPrefix(field, "#"); ok && len(hex) == 7 {
				var c colour
				fmt.Sscanf(hex, "%02x%02x%02x;", &c.r, &c.g, &c.b)
				colours[fmt.Sprint(len(colours))] = c
			}
		}
		if len(colours) != 8 { // page, panel, text, quiet, line, accent, hot, button
			continue
		}
		themes++
		for _, text := range []string{"2", "3", "5"} {
			for _, ground := range []string{"0", "1"} {
				if r := contrast(colours[text], colours[ground]); r < 4.5 {
					t.Errorf("contrast of colour %s on %s in theme %d is %.1f, want 4.5", text, ground, themes, r)
				}
			}
		}
		for _, ground := range []string{"6", "7"} {
			if r := contrast(colours["2"], colours[ground]); r < 4.5 {
				t.Errorf("contrast of text on %s in theme %d is %.1f, want 4.5", ground, themes, r)
			}
		}
	}
	if themes != 3 {
		t.Errorf("%d themes, want light, dark by the system and dark by choice", themes)
	}
}
