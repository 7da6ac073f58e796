package perf

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// languages are guests whose names and lines are made differently.
func languages() map[string]string {
	return map[string]string{"C": "perf/shares.c", "C++": "perf/shares.cpp", "Rust": "perf/shares.rs"}
}

func TestObjectsHaveNamesLinesAndInlinedCallsAsLLVMReadsThem(t *testing.T) {
	for language, source := range languages() {
		t.Run(language, func(t *testing.T) {
			withCode(t, source, func(c Code) { checkObject(t, c) })
		})
	}
}

// checkObject compares what llvm-symbolizer finds in an object with what the module's
// symbols say, for each piece of code that comes from an instruction.
func checkObject(t *testing.T, c Code) {
	path := keep(t, c)
	tool(t, "", "llvm-dwarfdump-19", "llvm-19", "--verify", path)
	text := textOf(t, c)
	var addresses strings.Builder
	var want []string
	inlined := 0
	for _, b := range c.Map.Bodies {
		for _, p := range c.pieces(b) {
			if len(p.chain) == 0 || p.chain[0].File == "" || p.chain[0].Line == 0 {
				continue
			}
			fmt.Fprintf(&addresses, "0x%x\n", uint64(p.start)-text+textOffset)
			var s strings.Builder
			for i, l := range p.chain {
				name := l.Function
				if i == len(p.chain)-1 {
					name = c.functionName(b.Func)
				}
				fmt.Fprintf(&s, "%s\n%s:%d:%d\n", name, l.File, l.Line, l.Column)
			}
			inlined += len(p.chain) - 1
			want = append(want, s.String())
		}
	}
	if inlined == 0 {
		t.Error("nothing is inlined in the guest, so nothing is tested of that")
	}
	out := tool(t, addresses.String(), "llvm-symbolizer-19", "llvm-19", "--no-demangle", "--functions=short", "--obj="+path)
	got := strings.Split(strings.TrimSuffix(out, "\n\n"), "\n\n")
	for i := range got {
		got[i] += "\n"
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("places (-symbol +llvm-symbolizer):\n%s", d)
	}
}

func textOf(t *testing.T, c Code) uint64 {
	t.Helper()
	f, err := elf.NewFile(strings.NewReader(string(c.Image)))
	if err != nil {
		t.Fatal(err)
	}
	return f.Section(".text").Offset
}

func TestObjectsNameAllCode(t *testing.T) {
	withCode(t, "perf/shares.c", func(c Code) {
		text := textOf(t, c)
		want := make(map[string][2]uint64)
		names, err := c.names()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			want[n.name] = [2]uint64{uint64(n.start) - text + textOffset, uint64(n.end - n.start)}
		}
		for _, n := range []string{"big", "mid", "small", "main", "_start"} {
			if _, ok := want[n]; !ok {
				t.Errorf("no function has the name %s", n)
			}
		}
		got := make(map[string][2]uint64)
		line := regexp.MustCompile(`(?m)^\s*\d+: ([0-9a-f]{16})\s+(\d+) FUNC\s+GLOBAL DEFAULT\s+1 (.*)$`)
		for _, m := range line.FindAllStringSubmatch(tool(t, "", "readelf", "binutils", "-sW", keep(t, c)), -1) {
			start, err := strconv.ParseUint(m[1], 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			size, err := strconv.ParseUint(m[2], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			got[m[3]] = [2]uint64{start, size}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("symbols (-image +readelf):\n%s", d)
		}
	})
}

func TestUnwindTablesCoverEveryFunction(t *testing.T) {
	withCode(t, "perf/shares.c", func(c Code) {
		path := keep(t, c)
		text := textOf(t, c)
		frames := tool(t, "", "llvm-dwarfdump-19", "llvm-19", "--eh-frame", path)
		index := tool(t, "", "llvm-readelf-19", "llvm-19", "--unwind", path)
		for _, b := range c.Map.Bodies {
			start, end := uint64(b.Start)-text+textOffset, uint64(b.End)-text+textOffset
			if want := fmt.Sprintf("pc=%08x...%08x", start, end); !strings.Contains(frames, want) {
				t.Errorf("the table lacks %s:\n%s", want, frames)
			}
			if want := fmt.Sprintf("initial_location: 0x%x", start); !strings.Contains(index, want) {
				t.Errorf("the index lacks %s:\n%s", want, index)
			}
		}
	})
}

func TestObjectsAreKeptByTheirContent(t *testing.T) {
	withCode(t, "perf/shares.c", func(c Code) {
		dir := t.TempDir()
		first, err := Keep(dir, c)
		if err != nil {
			t.Fatal(err)
		}
		content := readFile(t, first)
		if err := os.WriteFile(first, []byte("kept"), 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Keep(dir, c)
		if err != nil || again != first || string(readFile(t, again)) != "kept" {
			t.Errorf("Keep: %s, %v; want the file that is there", again, err)
		}
		moved := c
		moved.Base += 0x1000
		if path, err := Keep(dir, moved); err != nil || path != first {
			t.Errorf("Keep of the same image elsewhere in memory: %s, %v", path, err)
		}
		id := c.identity()
		var b strings.Builder
		if err := WriteObject(&b, c, id); err != nil || b.String() != string(content) {
			t.Errorf("an object is not the same each time (%v)", err)
		}
		changed := c
		changed.Image = append([]byte(nil), c.Image...)
		changed.Image[len(changed.Image)-1] ^= 1
		if changed.identity() == id {
			t.Error("another image has the same identity")
		}
		left, err := filepath.Glob(filepath.Join(dir, ".object-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("files are left: %v, %v", left, err)
		}
	})
}

func TestObjectsThatCannotBeKeptAreErrors(t *testing.T) {
	withCode(t, "perf/shares.c", func(c Code) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		var path *fs.PathError
		if _, err := Keep(filepath.Join(file, "dir"), c); !errors.As(err, &path) {
			t.Errorf("Keep below a file: %v", err)
		}
		for n := 0; n < len(c.Image); n += len(c.Image)/97 + 1 {
			cut := c
			cut.Image = c.Image[:n]
			if err := WriteObject(&strings.Builder{}, cut, [20]byte{}); err == nil {
				t.Errorf("an image of %d bytes of %d is taken", n, len(c.Image))
			}
		}
	})
}
