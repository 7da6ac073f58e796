package engine

import (
	"bytes"
	"context"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/codemap"
)

const twoFunctions = `(module (memory (export "memory") 1)
	(func $leaf (param i32) (result i32) (i32.div_s (i32.load (local.get 0)) (local.get 0)))
	(func (export "_start") (i32.store (i32.const 8) (call $leaf (i32.const 4)))))`

func TestListenersAreToldWhereCodeIs(t *testing.T) {
	e := testEngine(t)
	var loaded, unloaded []codemap.Loaded
	m, err := e.Compile(context.Background(), wat(t, twoFunctions), ModuleOptions{
		Steps:    []Step{{Export: "_start"}},
		Loaded:   func(l codemap.Loaded) { loaded = append(loaded, l) },
		Unloaded: func(l codemap.Loaded) { unloaded = append(unloaded, l) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded) != 1 {
		t.Fatalf("told of %d images before the first run, want 1", len(loaded))
	}
	if _, err := m.native(e.shards[1]); err != nil {
		t.Fatal(err)
	}
	if len(loaded) != 2 || loaded[0].Base == loaded[1].Base {
		t.Fatalf("told of %d images, want those of two shards", len(loaded))
	}
	for i, l := range loaded {
		for _, b := range l.Map.Bodies {
			f, ok := m.frameIn(e.shards[i], l.Base+b.Start)
			if !ok || f.Func != b.Func {
				t.Errorf("shard %d: the body of function %d is a frame of %v, %v", i, b.Func, f.Func, ok)
			}
		}
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if len(unloaded) != 2 || unloaded[0].Base != loaded[0].Base || unloaded[1].Base != loaded[1].Base {
		t.Errorf("told that %d images are freed, want the same two", len(unloaded))
	}
	if _, ok := loaded[0].Map.FrameAt(loaded[0].Map.Bodies[0].Start); !ok {
		t.Error("the map is of no use once the code is freed")
	}
}

// objdumpSymbol is a line of objdump's symbol table: value, size, name.
var objdumpSymbol = regexp.MustCompile(`^([0-9a-f]{16}) .* \.text\s+([0-9a-f]{16}) (?:\.hidden )?(\S.*)$`)

func TestCodeMapAgreesWithObjdump(t *testing.T) {
	e := testEngine(t)
	m, err := e.Compile(context.Background(), wat(t, twoFunctions), ModuleOptions{Steps: []Step{{Export: "_start"}}, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	image := bytes.Clone(m.loaded[0].Load().Image())
	code, err := codemap.Read(image)
	if err != nil {
		t.Fatal(err)
	}
	stubs, err := codemap.ReadStubs(image)
	if err != nil {
		t.Fatal(err)
	}
	type symbol struct {
		Name string
		Size uintptr
	}
	got := make(map[symbol]bool)
	for _, b := range code.Bodies {
		got[symbol{"wasm[0]::function[" + strconv.Itoa(int(b.Func)) + "]", b.End - b.Start}] = true
	}
	for _, s := range stubs {
		got[symbol{s.Name, s.End - s.Start}] = true
	}
	out, err := exec.Command("llvm-objdump-19", "--syms", m.Image()).Output()
	if err != nil {
		t.Fatalf("llvm-objdump-19: %v; install it with: apt-get install llvm-19", err)
	}
	want := make(map[symbol]bool)
	for line := range strings.Lines(string(out)) {
		if f := objdumpSymbol.FindStringSubmatch(strings.TrimRight(line, "\n")); f != nil {
			size, _ := strconv.ParseUint(f[2], 16, 64)
			name := f[3]
			if function, ok := strings.CutPrefix(name, "wasm[0]::function["); ok {
				number, _, _ := strings.Cut(function, "]")
				name = "wasm[0]::function[" + number + "]"
			}
			want[symbol{name, uintptr(size)}] = true
		}
	}
	if len(want) == 0 {
		t.Fatalf("objdump names nothing:\n%s", out)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("symbols of the image (-objdump +ours):\n%s", d)
	}
	for _, b := range code.Bodies {
		last := uintptr(0)
		for at, place := range code.Places(b) {
			if at < b.Start || at >= b.End || at < last {
				t.Errorf("function %d: a piece at 0x%x, outside of its body or out of order", b.Func, at)
			}
			last = at
			if f, ok := code.FrameAt(at); !ok || f.Offset != place {
				t.Errorf("function %d: FrameAt(0x%x) is %v, %v; Places says %v", b.Func, at, f.Offset, ok, place)
			}
		}
	}
}
