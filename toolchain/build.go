package toolchain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Build turns sources into a module.
//
// It fails with a [*MissingTool] where the machine lacks something, with a
// [*CompileError] where a compiler or the linker fails, and with an error that
// wraps ctx's where ctx ends first; all processes that it started are then gone.
func (t Toolset) Build(ctx context.Context, r Request) (Result, error) {
	began := time.Now()
	if err := r.validate(); err != nil {
		return Result{}, err
	}
	r.IncludeDirs = slices.Clone(r.IncludeDirs) // made absolute below
	lang, sources, err := classify(r.Lang, r.Dir, r.Sources)
	if err != nil {
		return Result{}, err
	}
	if !t.looked[lang] {
		return Result{}, fmt.Errorf("build: the tools for %s were not looked for", lang)
	}
	if m := t.missing[lang]; m != nil {
		return Result{}, m
	}
	work, err := os.MkdirTemp(t.host.tempDir(), "faaslens-build-")
	if err != nil {
		return Result{}, fmt.Errorf("build: temporary directory: %w", err)
	}
	defer os.RemoveAll(work)

	b := &build{Toolset: t, Request: r, lang: lang, sources: sources, work: work, module: filepath.Join(work, "function.wasm")}
	switch lang {
	case Go:
		err = b.goModule(ctx)
	case Rust:
		err = b.rustModule(ctx)
	default:
		err = b.clangModule(ctx)
	}
	if err != nil {
		return Result{}, err
	}
	size, err := place(b.module, within(r.Dir, r.Output))
	if err != nil {
		return Result{}, fmt.Errorf("build: write %s: %w", r.Output, err)
	}
	return Result{Lang: lang, Commands: b.commands, Compiler: b.compiler, Size: size, Took: time.Since(began)}, nil
}

// build is one build under way.
type build struct {
	Toolset
	Request
	lang     Lang
	sources  []source
	work     string // temporary directory
	module   string // where the module is first written, inside work
	commands [][]string
	compiler string
}

// exec runs a tool whose output goes to the log at once, and notes its command line.
func (b *build) exec(ctx context.Context, what string, p process) error {
	b.commands = append(b.commands, p.argv())
	kept := cappedBuffer{limit: 1 << 20}
	p.out = io.MultiWriter(&kept, b.Log)
	if err := p.run(ctx); err != nil {
		return compileError(ctx, b.lang, what, p, kept.String(), err)
	}
	return nil
}

// place moves a file to its destination in one step, from another file system too.
func place(from, to string) (size int64, err error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".faaslens-*.wasm")
	if err != nil {
		return 0, err
	}
	size, err = io.Copy(out, in)
	if err == nil {
		err = out.Chmod(0o644)
	}
	if err = errors.Join(err, out.Close()); err == nil {
		err = os.Rename(out.Name(), to)
	}
	if err != nil {
		os.Remove(out.Name())
	}
	return size, err
}
