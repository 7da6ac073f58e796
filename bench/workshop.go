package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/faaslens/faaslens/toolchain"
)

// sources are the guests and the script that runs them under node, carried in
// the binary so that it works from any directory.
//
//go:embed kernels guests
var sources embed.FS

// build is a way to compile a guest.
type build string

const (
	native build = "native"
	scalar build = "scalar" // WebAssembly without vector instructions
	simd   build = "simd"   // WebAssembly with them
)

// program is a guest that can be run.
type program struct {
	name  string
	build build
	path  string
	// ownClock: the program times its computing part itself, so that what a
	// runtime does before does not count.
	ownClock bool
}

// workshop is a temporary directory with the guests' sources, what was compiled
// from them, and the functions of the faaslens contestant.
type workshop struct {
	dir   string
	clang string // for native code
	tools toolchain.Toolset
}

// openWorkshop unpacks the sources. Close removes everything.
func openWorkshop(ctx context.Context, clang string) (*workshop, error) {
	path, err := exec.LookPath(clang)
	if err != nil {
		return nil, fmt.Errorf("find the C compiler %q: %w: apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32, or name another with -clang", clang, err)
	}
	dir, err := os.MkdirTemp("", "faaslens-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for the guests: %w", err)
	}
	if err := os.CopyFS(dir, sources); err != nil {
		return nil, errors.Join(fmt.Errorf("unpack the guests' sources: %w", err), os.RemoveAll(dir))
	}
	tools := toolchain.Find(ctx, toolchain.Host{Env: os.Environ()}, toolchain.C)
	if missing := tools.Missing(toolchain.C); missing != nil {
		return nil, errors.Join(missing, os.RemoveAll(dir))
	}
	return &workshop{dir: dir, clang: path, tools: tools}, nil
}

// Close removes the directory.
func (w *workshop) Close() error { return os.RemoveAll(w.dir) }

// path names a file of the workshop.
func (w *workshop) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

// commonFlags are clang's for native code; for WebAssembly they come after the defaults of
// "faaslens build". They keep the results the same everywhere: a fused multiply-add rounds
// once where two operations round twice.
var commonFlags = []string{"-O2", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off"}

// compile builds kernels/NAME.c or guests/NAME.c, programs that time themselves,
// and returns the program; a
// second call for the same build returns the first one's.
func (w *workshop) compile(ctx context.Context, name string, b build) (program, error) {
	source := w.path("kernels", name+".c")
	if _, err := os.Stat(source); errors.Is(err, fs.ErrNotExist) {
		source = w.path("guests", name+".c")
	}
	p := program{name: name, build: b, path: w.path(name + "-" + string(b)), ownClock: true}
	if b != native {
		p.path += ".wasm"
	}
	if _, err := os.Stat(p.path); err == nil {
		return p, nil
	}
	if b == native {
		return p, w.cc(ctx, slices.Concat(commonFlags, []string{source, "-o", p.path, "-lm"})...)
	}
	request := toolchain.Request{Sources: []string{source}, Output: p.path, CacheDir: w.path("objects"), Flags: commonFlags[1:]}
	if b == scalar {
		request.Flags = append(slices.Clone(request.Flags), "-mno-simd128")
	}
	var said bytes.Buffer
	request.Log = &said
	if _, err := w.tools.Build(ctx, request); err != nil {
		return p, fmt.Errorf("%w\n%s", err, said.Bytes())
	}
	return p, nil
}

func (w *workshop) cc(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, w.clang, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w\n%s", cmd, err, said.Bytes())
	}
	return nil
}
