package store

import (
	"path/filepath"
	"testing"

	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

func TestDebugFilesAreFoundByBuildAndOnlyInTheFunctionsDirectory(t *testing.T) {
	whole := debuggable(20)
	other := wasmtest.Module(wasmtest.Custom(".debug_info"), wasmtest.Custom("build_id", wasmtest.Name("other")))
	otherCode := wasmtest.Module(wasmtest.Custom(".debug_info"), wasmtest.Custom("build_id", wasmtest.Name("\x01\x02\x03\x04")),
		wasmtest.Section(1, wasmtest.Vec(wasmtest.FuncType(nil, nil))), wasmtest.Section(3, wasmtest.Vec(wasmtest.U(0))),
		wasmtest.Section(10, wasmtest.Vec(wasmtest.Body(1))))
	noCode := wasmtest.Module(wasmtest.Custom(".debug_info"), wasmtest.Custom("build_id", wasmtest.Name("\x01\x02\x03\x04")))
	tests := []struct {
		name  string
		url   string // that the module gives
		files map[string][]byte
		want  string // path in the directory; "" for none
		err   string
	}{
		{"by the name that the module gives", "symbols/app.debug", map[string][]byte{"symbols/app.debug": whole}, "symbols/app.debug", ""},
		{"by a name with a dot before it", "./app.dwarf", map[string][]byte{"app.dwarf": whole}, "app.dwarf", ""},
		{"by our own name", "gone.debug", map[string][]byte{"function.wasm.debug": whole}, "function.wasm.debug", ""},
		{"by its ending", "", map[string][]byte{"a.debug": other, "b.debug": whole}, "b.debug", ""},
		{"without code, by its build id alone", "", map[string][]byte{"function.wasm.debug": noCode}, "function.wasm.debug", ""},
		{"none at all", "", nil, "", "build it with debug information (-g)"},
		{"of another build", "", map[string][]byte{"function.wasm.debug": other}, "", "of another build: build id 6f74686572"},
		{"of the same id, but other code", "", map[string][]byte{"function.wasm.debug": otherCode}, "", "its code differs"},
		{"that is damaged", "", map[string][]byte{"function.wasm.debug": whole[:50]}, "", "not a valid WebAssembly module"},
		{"that has nothing to tell", "", map[string][]byte{"function.wasm.debug": wasmtest.Module()}, "", "neither DWARF nor names"},
		{"above the directory", "../secret.debug", map[string][]byte{"../secret.debug": whole}, "", `names "../secret.debug", which is outside`},
		{"at an absolute path", "/secret.debug", nil, "", "outside"},
		{"in a network", "http://localhost/a.debug", map[string][]byte{"http:/localhost/a.debug": whole}, "", "outside"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stripped, _, err := wasm.Strip(whole, wasm.StripOptions{DebugFile: tt.url})
			if err != nil {
				t.Fatal(err)
			}
			s := open(t, t.TempDir())
			dir := filepath.Dir(add(t, s, hello, stripped, AddOptions{}).Path)
			for path, b := range tt.files {
				mustWrite(t, filepath.Join(dir, path), string(b))
			}
			d, err := s.FindDebug(hello, readModule(t, s, hello))
			if tt.want == "" {
				wantError(t, err, ErrNoDebug, "demo/hello", tt.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if d.Path != filepath.Join(dir, tt.want) || !d.Module.HasDWARF() {
				t.Errorf("found %s, want %s", d.Path, tt.want)
			}
		})
	}
}

func TestLinksToDebugFilesAreNotFollowed(t *testing.T) {
	whole := debuggable(20)
	stripped, _, err := wasm.Strip(whole, wasm.StripOptions{DebugFile: "dir/x.debug"})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, t.TempDir())
	dir := filepath.Dir(add(t, s, hello, stripped, AddOptions{}).Path)
	outside := t.TempDir()
	mustWrite(t, filepath.Join(outside, "x.debug"), string(whole))
	mustLink(t, outside, filepath.Join(dir, "dir"))
	mustLink(t, filepath.Join(outside, "x.debug"), filepath.Join(dir, "function.wasm.debug"))
	_, err = s.FindDebug(hello, readModule(t, s, hello))
	wantError(t, err, ErrNoDebug, "escapes", "symbolic link, which is not followed")
}
