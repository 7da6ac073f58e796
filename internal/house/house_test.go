// Package house holds the rules of the house: which package may import which, and
// that cgo and unsafe stay in their cage.
package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/faaslens/faaslens"

// levels are the floors of the house, as ARCHITECTURE.md draws them. A package imports
// only packages of lower levels, or, where it is marked, of its own.
var levels = map[string]int{
	"guest":                    0,
	"wasm":                     0,
	"include":                  0,
	"codemap":                  0,
	"spelling":                 0,
	"native":                   0,
	"wasm/wasmtest":            0,
	"hostcall":                 1,
	"hostcall/wasi":            1,
	"hostcall/faasm":           1,
	"symbol":                   1,
	"state":                    1,
	"symfile":                  1,
	"nativedebug":              2,
	"wast":                     1,
	"snapshot":                 1,
	"engine/internal/wasmtime": 1,
	"profiler/export":          2,
	"engine":                   2,
	"store":                    2,
	"sharedfile":               2,
	"scheduler":                2,
	"bus":                      2,
	"perf":                     2,
	"callgrind":                2,
	"toolchain":                2,
	"profiler":                 2,
	"worker":                   3,
	"inspect":                  3,
	"execgraph":                3,
	"gateway":                  3,
	"cluster":                  3,
	"gateway/planner":          3,
	"gateway/client":           3,
	"listing":                  2,
	"compiler":                 3,
	"cli":                      4,
	"cmd/faaslens":             5,
}

// sameLevel are the imports within a level: everything may use the vocabulary, and an
// interface's calls are described in the terms of package hostcall.
var sameLevel = map[[2]string]bool{
	{"wasm", "guest"}:              true,
	{"codemap", "guest"}:           true,
	{"wasm/wasmtest", "guest"}:     true,
	{"wasm/wasmtest", "wasm"}:      true,
	{"hostcall/wasi", "hostcall"}:  true,
	{"hostcall/faasm", "hostcall"}: true,
	// Faasm's HTTP and the client are other faces of the gateway.
	{"gateway", "execgraph"}:         true,
	{"gateway/planner", "execgraph"}: true,
	{"gateway/planner", "gateway"}:   true,
	{"gateway/client", "gateway"}:    true,
	{"hostcall/faasm", "state"}:      true,
}

// cage is the one package that may use cgo and unsafe.
const cage = "engine/internal/wasmtime"

type pkg struct {
	ImportPath string
	Imports    []string
	CgoFiles   []string
	GoFiles    []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,CgoFiles,GoFiles", module+"/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var all []pkg
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = strings.TrimPrefix(p.ImportPath, module+"/")
		all = append(all, p)
	}
}

func TestPackagesImportOnlyDownwards(t *testing.T) {
	for _, p := range packages(t) {
		if strings.HasPrefix(p.ImportPath, "internal/") || len(p.GoFiles)+len(p.CgoFiles) == 0 {
			continue // only tests
		}
		level, ok := levels[p.ImportPath]
		if !ok {
			t.Errorf("package %s has no level: add it here and to ARCHITECTURE.md", p.ImportPath)
			continue
		}
		for _, i := range p.Imports {
			i, ours := strings.CutPrefix(i, module+"/")
			if !ours || sameLevel[[2]string{p.ImportPath, i}] {
				continue
			}
			if below, ok := levels[i]; !ok || below >= level {
				t.Errorf("%s, on level %d, imports %s, on level %d", p.ImportPath, level, i, below)
			}
		}
	}
}

func TestCgoAndUnsafeStayInTheirCage(t *testing.T) {
	for _, p := range packages(t) {
		if p.ImportPath == cage {
			continue
		}
		if len(p.CgoFiles) > 0 {
			t.Errorf("%s uses cgo: only %s may", p.ImportPath, cage)
		}
		for _, i := range p.Imports {
			if i == "unsafe" || i == "C" {
				t.Errorf("%s imports %s: only %s may", p.ImportPath, i, cage)
			}
		}
	}
}

// Tests of packages without cgo must build without it, so that they need no C
// compiler.
func TestPackagesOutsideTheEngineBuildWithoutCgo(t *testing.T) {
	free := []string{"guest", "wasm", "include", "hostcall", "hostcall/wasi", "hostcall/faasm", "symbol", "store", "toolchain"}
	args := []string{"vet"}
	for _, p := range free {
		args = append(args, module+"/"+p)
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
