package toolchain

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
)

//go:embed runtime
var runtimeSources embed.FS

// StackSize is the size of a C or C++ function's linear stack in bytes, half as
// much again as wasm-ld's own. More is not the default because all of it is cleared
// after each invocation, which takes about 10 µs for each MiB; with a small
// program's data and heap it fills two pages of memory. It holds
// only what has an address; the rest of a frame is on the engine's own stack. A flag
// such as -Wl,-z,stack-size=4194304 changes it.
const StackSize = 96 << 10

// buildIDLinker is the first release of LLD whose wasm-ld writes build ids.
const buildIDLinker = 17

// lazyObjectsLinker is the first whose wasm-ld has --start-lib.
const lazyObjectsLinker = 17

// cBuild is a build of C and C++ under way.
type cBuild struct {
	*build
	clang Clang
	flags cFlags
	base  []string // for every compilation, before the user's flags
	// hasZygote says that an object mentions Faasm's zygote function. It may not
	// define it; the protocol does no harm then.
	hasZygote bool
}

// clangModule compiles every source and the library, and links.
func (b *build) clangModule(ctx context.Context) error {
	clang, missing := b.clang(b.lang)
	if missing != nil {
		return missing
	}
	flags, err := sortCFlags(b.Flags)
	if err != nil {
		return err
	}
	b.compiler = clang.Path + " " + clang.Version.String()
	for i, dir := range b.IncludeDirs { // the library is compiled elsewhere
		if b.IncludeDirs[i], err = filepath.Abs(within(b.Dir, dir)); err != nil {
			return fmt.Errorf("build: include directory %s: %w", dir, err)
		}
	}
	c := &cBuild{build: b, clang: *clang, flags: flags}
	c.base = c.baseFlags()
	objects, err := c.compileSources(ctx)
	if err != nil {
		return err
	}
	c.hasZygote = c.anyMentions(objects, zygote)
	start, lazy, err := c.library(ctx)
	if err != nil {
		return err
	}
	return c.link(ctx, start, objects, lazy)
}

// baseFlags are those of every compilation: target, debug information, level,
// SIMD, and the system's headers spelled out, since clang would also search the
// machine's own /usr/include.
func (c *cBuild) baseFlags() []string {
	flags := []string{"--target=" + c.clang.Sysroot.Target, "-g", "-O" + string(c.Opt.orDefault()), "-msimd128", "-Wno-unused-command-line-argument"}
	if c.Colour {
		flags = append(flags, "-fcolor-diagnostics")
	} else {
		flags = append(flags, "-fno-color-diagnostics")
	}
	if c.Opt == O0 {
		// So that a function's frame, where debuggers find its variables, is in use up
		// to its end.
		flags = append(flags, "-Xclang", "-disable-red-zone")
	}
	if root := c.clang.Sysroot.Root; root != "" {
		flags = append(flags, "--sysroot="+root)
	}
	return flags
}

// headerFlags are the directories of system headers, in clang's own order: C++,
// the compiler's, C. They are "internal" so that they come after every directory
// that a user names.
func (c *cBuild) headerFlags(lang Lang) []string {
	var flags []string
	for _, dir := range c.IncludeDirs {
		flags = append(flags, "-isystem", dir)
	}
	if c.clang.Sysroot.Root != "" {
		return flags
	}
	dirs := []string{filepath.Join(c.clang.resourceDir, "include"), c.clang.Sysroot.Include}
	if lang == CXX {
		dirs = append([]string{c.clang.Sysroot.cxxInclude}, dirs...)
	}
	flags = append(flags, "-nostdinc")
	for _, dir := range dirs {
		flags = append(flags, "-Xclang", "-internal-isystem", "-Xclang", dir)
	}
	return flags
}

// langFlags are those of one language. An assembler file keeps the language that
// its name says.
func (c *cBuild) langFlags(lang Lang, path string) []string {
	flags := c.headerFlags(lang)
	if lang == CXX {
		return append(flags, "-fno-exceptions", "-x", "c++")
	}
	switch filepath.Ext(path) {
	case ".s", ".S", ".i":
		return flags
	}
	return append(flags, "-x", "c")
}

// compileSources compiles every source, several at once, and writes what the
// compilers say in the order of the sources. All are tried, so that one build
// shows every error; the first failure is returned.
func (c *cBuild) compileSources(ctx context.Context) ([]string, error) {
	steps := make([]compileStep, len(c.sources))
	for i, s := range c.sources {
		if s.kind == linkInput {
			steps[i].object = s.path
			continue
		}
		lang, user := C, c.flags.c
		if s.kind == cxxSource {
			lang, user = CXX, c.flags.cxx
		}
		if c.flags.splitDWARF {
			kept, err := c.splitFile(i, s.path)
			if err != nil {
				return nil, err
			}
			user = append(slices.Clip(user), kept...)
		}
		steps[i] = c.compileStep(s.path, lang, user, filepath.Join(c.work, fmt.Sprintf("%03d-%s.o", i, filepath.Base(s.path))))
	}
	c.runSteps(ctx, steps)
	var objects []string
	var failed error
	for _, s := range steps {
		if s.output.buf.Len() > 0 {
			fmt.Fprint(c.Log, s.output.String())
		}
		if s.process.path != "" {
			c.commands = append(c.commands, s.process.argv())
		}
		if s.err != nil && failed == nil {
			failed = compileError(ctx, c.lang, "compile "+s.source, s.process, s.output.String(), s.err)
		}
		objects = append(objects, s.object)
	}
	return objects, failed
}

// splitFile returns flags that leave a source's split debug file where it stays: the
// compiler puts it beside the object, which goes. It is of this source with these flags,
// and is made anew with them.
func (c *cBuild) splitFile(i int, source string) ([]string, error) {
	if c.CacheDir == "" {
		return nil, nil // beside the objects, as nothing is kept
	}
	full, err := filepath.Abs(within(c.Dir, source))
	if err != nil {
		return nil, fmt.Errorf("build: split debug file: %w", err)
	}
	sum := sha256.Sum256(fmt.Appendln(nil, i, full, c.clang.Path, c.base, c.Flags))
	dir, err := filepath.Abs(filepath.Join(c.CacheDir, "split-"+hex.EncodeToString(sum[:6])))
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return nil, fmt.Errorf("build: split debug file: %w", err)
	}
	path := filepath.Join(dir, filepath.Base(source)+".dwo")
	return []string{"-Xclang", "-split-dwarf-file", "-Xclang", path, "-Xclang", "-split-dwarf-output", "-Xclang", path}, nil
}

// compileStep is one source on its way to an object.
type compileStep struct {
	source, object string
	process        process // without a path if there is nothing to do
	output         cappedBuffer
	err            error
}

func (c *cBuild) compileStep(src string, lang Lang, user []string, object string) compileStep {
	args := append([]string{}, c.base...)
	args = append(args, c.langFlags(lang, src)...)
	args = append(args, tuningFlags(c.Opt.orDefault(), user)...)
	args = append(args, user...)
	args = append(args, "-c", src, "-o", object)
	return compileStep{
		source: src, object: object,
		process: process{path: c.clang.Path, args: args, dir: c.Dir, env: c.host.Env},
		output:  cappedBuffer{limit: 1 << 20},
	}
}

// runSteps runs the compilers, as many at once as asked for. Its goroutines end
// with it; each writes to its own step alone.
func (c *cBuild) runSteps(ctx context.Context, steps []compileStep) {
	jobs := c.Jobs
	if jobs <= 0 {
		jobs = runtime.NumCPU()
	}
	slots := make(chan struct{}, jobs)
	var running sync.WaitGroup
	for i := range steps {
		s := &steps[i]
		if s.process.path == "" {
			continue
		}
		slots <- struct{}{}
		running.Go(func() {
			defer func() { <-slots }()
			s.process.out = &s.output
			s.err = s.process.run(ctx)
		})
	}
	running.Wait()
}

// link makes the module. It asks clang rather than wasm-ld, for the user's flags
// are in clang's words, and says -O0 last, because clang runs wasm-opt only when
// it links with optimisation: wasm-ld has nothing to gain from the level.
func (c *cBuild) link(ctx context.Context, start string, objects, lazy []string) error {
	imports, err := c.importsFile()
	if err != nil {
		return err
	}
	var args []string
	if c.lang == CXX {
		args = append(args, "--driver-mode=g++")
	}
	args = append(args, c.base...)
	args = append(args, "-fuse-ld="+c.clang.Linker, "-L"+c.clang.Sysroot.Lib)
	args = append(args, c.linkerFlags()...)
	if imports != "" {
		args = append(args, "-Xlinker", "--allow-undefined-file="+imports)
	}
	if start != "" {
		args = append(args, "-nostartfiles", start)
	}
	args = append(args, objects...)
	args = append(args, c.flags.link...)
	args = append(args, c.lazyLink(lazy)...)
	args = append(args, "-o", c.module, "-O0")
	err = c.exec(ctx, "link", process{path: c.clang.Path, args: args, dir: c.Dir, env: c.host.Env})
	return c.adviseOnWarmExport(err, objects)
}

// linkerFlags are wasm-ld's.
//
//   - The stack comes first in memory, so that an overflow leaves the memory and
//     traps instead of overwriting data.
//   - The function table is exported: calls by function pointer through the host
//     need it, and it costs a few bytes in the module.
//   - The stack pointer is exported, by newer linkers, so that a trap can tell an overflow of the stack
//     from another bad access.
//   - malloc and free are exported where they are part of the module, for host
//     calls that return memory; Faasm's zygote function where a source has one:
//     asking for it anyhow would link the library's empty one.
func (c *cBuild) linkerFlags() []string {
	options := []string{
		"--stack-first", "-z", fmt.Sprintf("stack-size=%d", StackSize),
		"--export-table", "--export-if-defined=malloc", "--export-if-defined=free",
	}
	if c.hasZygote {
		options = append(options, "--export-if-defined="+zygote)
	}
	if c.WarmExport != "" {
		options = append(options, "--export="+c.WarmExport)
	}
	if c.clang.LinkerVersion.Major >= buildIDLinker {
		options = append(options, "--build-id=sha1", "--export=__stack_pointer")
	}
	if c.Colour {
		options = append(options, "--color-diagnostics=always")
	}
	if c.flags.lto() {
		level := string(c.Opt.orDefault())
		if level == "s" || level == "z" {
			level = "2"
		}
		options = append(options, "--lto-O"+level)
	}
	return []string{"-Wl," + strings.Join(options, ",")}
}

// lazyLink gives objects to the linker that count only where something needs
// them. The C++ library comes before, because what it has is better.
func (c *cBuild) lazyLink(objects []string) []string {
	if len(objects) == 0 {
		return nil
	}
	var args []string
	if c.lang == CXX && c.flags.exceptions {
		args = append(args, "-lc++", "-lc++abi")
	}
	if c.clang.LinkerVersion.Major < lazyObjectsLinker {
		return append(args, objects...) // unused functions are dropped all the same
	}
	args = append(args, "-Wl,--start-lib")
	args = append(args, objects...)
	return append(args, "-Wl,--end-lib")
}

// importsFile writes the list of functions that the host provides.
func (c *cBuild) importsFile() (string, error) {
	if len(c.HostImports) == 0 {
		return "", nil
	}
	path := filepath.Join(c.work, "imports.txt")
	list := strings.Join(c.HostImports, "\n") + "\n"
	if err := os.WriteFile(path, []byte(list), 0o600); err != nil {
		return "", fmt.Errorf("build: list of imports: %w", err)
	}
	return path, nil
}

// zygote is the function that Faasm calls before it takes the snapshot from which
// invocations start.
const zygote = "_faasm_zygote"

// library compiles what every function is linked with: the start code, unless the
// user brings his own, and the objects that count only where they are used.
func (c *cBuild) library(ctx context.Context) (start string, lazy []string, err error) {
	lib, err := c.openObjectCache()
	if err != nil {
		return "", nil, err
	}
	if !c.flags.ownStart {
		define := []string{"-DFAASLENS_MAIN=" + c.clang.Sysroot.mainSymbol()}
		if c.hasZygote || c.WarmExport != "" {
			define = append(define, "-DFAASLENS_ZYGOTE")
		}
		if start, err = lib.embedded(ctx, "start.c", C, define); err != nil {
			return "", nil, err
		}
	}
	// Before the library, whose own answer to a throw says less.
	if c.lang == CXX && c.flags.exceptions {
		object, err := lib.embedded(ctx, "throw.cc", CXX, nil)
		if err != nil {
			return "", nil, err
		}
		lazy = append(lazy, object)
	}
	for _, src := range c.LibSources {
		lang := C
		if kindByExtension[filepath.Ext(src)] == cxxSource {
			lang = CXX
		}
		if lang == CXX && c.lang != CXX {
			continue
		}
		full, err := filepath.Abs(within(c.Dir, src))
		if err != nil {
			return "", nil, fmt.Errorf("build: library source %s: %w", src, err)
		}
		object, err := lib.object(ctx, full, lang, nil)
		if err != nil {
			return "", nil, err
		}
		lazy = append(lazy, object)
	}
	return start, lazy, nil
}

// anyMentions reports whether a name occurs in one of the files.
func (c *cBuild) anyMentions(objects []string, name string) bool {
	for _, o := range objects {
		data, err := os.ReadFile(within(c.Dir, o))
		if err == nil && bytes.Contains(data, []byte(name)) {
			return true
		}
	}
	return false
}

var errNoObject = errors.New("the compiler wrote no object")
