package toolchain

import (
	"errors"
	"io"
	"time"
)

// Request describes one build.
type Request struct {
	// Lang is the language; [Auto] takes it from the sources' names. C and C++
	// here mean "compile every source as this".
	Lang Lang
	// Sources are files, or one directory with a Go package or a Rust crate.
	// C, C++, object and archive files can be mixed.
	Sources []string
	// Opt is the optimisation level; empty means -O2.
	Opt Opt
	// Flags are given to the compiler after everything else, and so win.
	Flags []string
	// Output is the module to write. It is replaced in one step, and not touched
	// if the build fails. Its directory must exist.
	Output string
	// Dir is where the compilers run, which relative sources, flags and the
	// debug information's paths start from; empty means the working directory.
	Dir string

	// IncludeDirs are searched for headers after the user's own directories.
	IncludeDirs []string
	// LibSources are C and C++ files of a library whose functions are linked
	// where a source uses them. C++ files take part in C++ builds only.
	LibSources []string
	// HostImports names functions without a definition that the host provides:
	// they become imports from module "env". Any other missing function is an
	// error of the linker.
	HostImports []string
	// WarmExport names a function of the sources, in C's spelling, that the module exports
	// and that may run before its entry; empty for none. It is for C and C++.
	WarmExport string
	// CacheDir keeps compiled library sources from build to build. It is made if
	// it does not exist, and can be deleted at any time. Empty means no cache, and
	// a path in the debug information that changes from build to build.
	CacheDir string

	// Log receives what the compilers write, as they write it; nil discards it.
	Log io.Writer
	// Colour lets the compilers use colours: set it if Log is a terminal.
	Colour bool
	// Jobs is how many compilers run at once; 0 means one a processor.
	Jobs int
}

// Result is a finished build.
type Result struct {
	Lang Lang
	// Commands are the command lines that were run, those of compilers in the
	// order of the sources, the linker's last. What came from the cache is not here.
	Commands [][]string
	// Compiler names what built the module, such as "/usr/bin/clang-19 19.1.7".
	Compiler string
	// Size is the module's length in bytes.
	Size int64
	Took time.Duration
}

func (r *Request) validate() error {
	switch {
	case r.Output == "":
		return errors.New("build: no output file given")
	case r.Lang > Rust:
		return errors.New("build: " + r.Lang.String() + " is not a language")
	}
	if _, err := ParseOpt(string(r.Opt.orDefault())); err != nil {
		return err
	}
	if r.Log == nil {
		r.Log = io.Discard
	}
	return nil
}
