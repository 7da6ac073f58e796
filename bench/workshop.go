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
	clang string
}

// openWorkshop unpacks the sources. Close removes everything.
func openWorkshop(clang string) (*workshop, error) {
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
	return &workshop{dir: dir, clang: path}, nil
}

// Close removes the directory.
func (w *workshop) Close() error { return os.RemoveAll(w.dir) }

// path names a file of the workshop.
func (w *workshop) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

// commonFlags keep the results the same everywhere: a fused multiply-add rounds
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
	// Two steps: with -O at the link, clang runs wasm-opt where it finds one.
	object := w.path(name + "-" + string(b) + ".o")
	flags := slices.Concat(commonFlags, []string{"--target=wasm32-wasi", "-c", source, "-o", object})
	if b == simd {
		flags = append(flags, "-msimd128")
	}
	if err := w.cc(ctx, flags...); err != nil {
		return p, err
	}
	return p, w.cc(ctx, "--target=wasm32-wasi", object, "-o", p.path)
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
