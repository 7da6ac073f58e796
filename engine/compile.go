package engine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symfile"
	"github.com/faaslens/faaslens/wasm"
)

// CompileFlags are the switches that a compiled image depends on, beside the module,
// the engine's version and the processor.
type CompileFlags struct {
	DebugInfo     bool `json:"debugInfo,omitempty"`
	WithoutAVX512 bool `json:"withoutAVX512,omitempty"`
}

// Compilation is a module that is to be compiled.
type Compilation struct {
	Module []byte // in the binary format
	Flags  CompileFlags
	// Image is an empty file that the compiled image is written to, and that is at
	// its end then.
	Image *os.File
}

// Compile does what c asks for, in this process and without anything that stops it: the
// compiler takes what memory and time the module makes it take, and where it fails on
// one it ends the process. It needs no engine that runs. A module that is not valid is
// a *guest.InvalidModule.
func Compile(c Compilation) error {
	native, err := wasmtime.NewCompiler(wasmtime.Config{DebugInfo: c.Flags.DebugInfo, Emulated: c.Flags.WithoutAVX512})
	if err != nil {
		return err
	}
	defer native.Close()
	image, err := native.Compile(c.Module)
	return write(c, image, err)
}

// write writes what the compiler has made, or says why it has made nothing.
func write(c Compilation, image *wasmtime.Image, err error) error {
	if err != nil {
		return refused(err)
	}
	defer image.Free()
	if _, err := image.WriteTo(c.Image); err != nil {
		return fmt.Errorf("write the compiled module: %w", err)
	}
	return nil
}

// build compiles a module, loads it in the first shard and keeps the image at path, if
// that is given.
func (e *Engine) build(ctx context.Context, parsed *wasm.Module, first firstMemory, path string, want entry, progress func(time.Duration)) (*wasmtime.Module, compiledImage, error) {
	const notKept = "the compiled module is not kept, so the next start compiles it again"
	c := Compilation{Module: e.source(parsed), Flags: CompileFlags{DebugInfo: e.cfg.DebugInfo, WithoutAVX512: e.cfg.Emulated}}
	image := compiledImage{copied: e.cfg.CopyImages}
	behind := func(f *os.File) error { return first.writeBehind(f, parsed) }
	var err error
	if path != "" {
		image.file, err = e.compileInto(ctx, func() (*os.File, error) { return createImage(path) }, c, behind, progress)
		if err != nil && ctx.Err() == nil && !blames(err) { // there may be no room for it
			e.cfg.Log.Warn(notKept, "error", err)
			path = ""
		}
	}
	if path == "" {
		image.file, err = e.compileInto(ctx, unnamedImage, c, behind, progress)
	}
	if err != nil {
		return nil, compiledImage{}, err
	}
	n, err := image.load(e.shards[0].native)
	if err != nil {
		discard(image.file)
		return nil, compiledImage{}, refused(fmt.Errorf("load the compiled module: %w", err))
	}
	if path != "" {
		if err := keep(image.file, path, want); err != nil {
			e.cfg.Log.Warn(notKept, "error", err)
			_ = os.Remove(image.file.Name()) // it only takes space
		} else {
			image.name = path
		}
	}
	return n, image, nil
}

// source is what the compiler is given of a module.
func (e *Engine) source(parsed *wasm.Module) []byte {
	if e.cfg.DebugInfo {
		b := symfile.KeepAddresses(parsed)
		again, err := wasm.Parse(b)
		if err != nil { // it is ours: this does not happen
			return parsed.Bytes()
		}
		parsed = again
	}
	if hasFirst(parsed) {
		return withoutData(parsed)
	}
	return parsed.Bytes()
}

// blames reports whether an error says that a module cannot be compiled.
func blames(err error) bool {
	var invalid *guest.InvalidModule
	var failure *guest.CompileFailure
	return errors.As(err, &invalid) || errors.As(err, &failure)
}

// compileInto compiles a module into a new file, behind whose image something is written.
func (e *Engine) compileInto(ctx context.Context, create func() (*os.File, error), c Compilation, behind func(*os.File) error, progress func(time.Duration)) (*os.File, error) {
	f, err := create()
	if err != nil {
		return nil, err
	}
	c.Image = f
	if err := e.compile(ctx, c, progress); err != nil {
		discard(f)
		return nil, err
	}
	if err := behind(f); err != nil {
		discard(f)
		return nil, fmt.Errorf("write a module's data behind its compiled image: %w", err)
	}
	return f, nil
}

// discard closes an image's file that is not needed, and removes it if it has a name.
func discard(f *os.File) {
	f.Close()
	if f.Name() != "" {
		_ = os.Remove(f.Name())
	}
}

func createImage(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.CreateTemp(filepath.Dir(path), writingPattern)
}

// unnamedImage is a file in memory, without a name.
func unnamedImage() (*os.File, error) {
	fd, err := unix.MemfdCreate("compiled module", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("make a file in memory for the compiled module: %w", err)
	}
	return os.NewFile(uintptr(fd), ""), nil
}

// compile has the module compiled and tells how long that has taken.
func (e *Engine) compile(ctx context.Context, c Compilation, progress func(time.Duration)) error {
	do := e.cfg.Compile
	if do == nil {
		do = e.compileHere
	}
	done := make(chan error, 1)
	start := time.Now()
	go func() { done <- do(ctx, c) }()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			if progress != nil {
				progress(time.Since(start))
			}
		}
	}
}

// compileHere compiles in this process, on all processors. A cancelled context returns
// at once, while the compiler goes on to its end unheard.
func (e *Engine) compileHere(ctx context.Context, c Compilation) error {
	type outcome struct {
		image *wasmtime.Image
		err   error
	}
	done := make(chan outcome)
	e.compiling.Add(1)
	go func() {
		defer e.compiling.Done()
		image, err := e.shards[0].native.Compile(c.Module)
		select {
		case done <- outcome{image, err}:
		case <-ctx.Done():
			if err == nil {
				image.Free()
			}
		}
	}()
	select {
	case o := <-done:
		return write(c, o.image, o.err)
	case <-ctx.Done():
		e.givenUp.Add(1)
		return fmt.Errorf("compile: %w", ctx.Err())
	}
}

// refused is an error of the engine's as callers know it: what it says of a module is
// the module's fault.
func refused(err error) error {
	if said := (*wasmtime.Error)(nil); !errors.As(err, &said) {
		return err
	}
	return invalid(err)
}

// invalid takes the reason and the offset out of the engine's message about an invalid
// module, in which the offset stands as "(at offset 0x1a)" or as "at offset 26: ".
func invalid(err error) error {
	e := &guest.InvalidModule{Offset: -1, Reason: innermost(err.Error())}
	reason, tail, found := strings.Cut(e.Reason, " (at offset 0x")
	if !found {
		_, tail, found = strings.Cut(err.Error(), " (at offset 0x")
	}
	if found {
		if _, err := fmt.Sscanf(tail, "%x)", &e.Offset); err == nil {
			e.Reason = reason
		}
		return e
	}
	if tail, found := strings.CutPrefix(e.Reason, "Invalid input WebAssembly code at offset "); found {
		number, why, _ := strings.Cut(tail, ": ")
		if n, err := strconv.ParseInt(number, 10, 64); err == nil {
			e.Offset, e.Reason = n, why
		}
	}
	return e
}

// causedBy stands in the engine's messages before the causes, of which the last is the
// reason for the others. Where there are several they are numbered.
const causedBy = "Caused by:\n"

func innermost(message string) string {
	_, causes, found := strings.Cut(message, causedBy)
	if !found {
		return strings.TrimSpace(message)
	}
	reason := ""
	for line := range strings.Lines(causes) {
		line = strings.TrimSpace(line)
		number, text, numbered := strings.Cut(line, ": ")
		if _, err := strconv.Atoi(number); numbered && err == nil {
			reason = text
		} else if reason == "" {
			reason = line
		}
	}
	reason, _, _ = strings.Cut(reason, "; breakdown")
	return reason
}
