package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/include"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/toolchain"
)

// buildFlags is what the command line says about a build.
type buildFlags struct {
	opt        optFlag
	lang       string
	strip      bool
	warmExport string
}

// optFlag is an optimisation level: -O2, -Os or -O 2.
type optFlag toolchain.Opt

func (f *optFlag) Set(s string) error {
	o, err := toolchain.ParseOpt(s)
	*f = optFlag(o)
	return err
}

func (f *optFlag) Type() string   { return "LEVEL" }
func (f *optFlag) String() string { return string(*f) }

func (s *session) buildCommand() *cobra.Command {
	f := buildFlags{opt: optFlag(toolchain.O2)}
	cmd := &cobra.Command{
		Use:   "build USER/FUNCTION SRC... [flags] [-- COMPILER FLAGS]",
		Short: "Build sources into a function",
		Long: `Compiles C, C++, Go or Rust to WebAssembly, with debug information, keeps the
module as USER/FUNCTION and compiles it for this machine.

SRC are files (C, C++, objects and archives mix), or the directory of a Go package or
of a Rust crate. Faasm's headers (<faasm/faasm.h>) are found without a flag. What
stands behind -- goes to the compiler as it is. 'faaslens doctor' says what can be
built here.`,
		Example: `  faaslens build demo/hello hello.c
  faaslens build demo/imgsmith demo/imgsmith/*.c -O3
  faaslens build demo/app main.cpp util.c -O1 --strip -- -Wall -DNDEBUG -Isrc
  faaslens build demo/gofunc ./cmd/gofunc
  faaslens build demo/model model.c --warm-export load_model`,
		Args: func(cmd *cobra.Command, args []string) error {
			n := cmd.ArgsLenAtDash()
			if n < 0 {
				n = len(args)
			}
			switch n {
			case 0:
				return misuse("what shall be built? give USER/FUNCTION and sources")
			case 1:
				return misuse("%s of which sources? name files, or the directory of a Go package or a Rust crate", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			sources, flags := args[1:], []string(nil)
			if n := cmd.ArgsLenAtDash(); n >= 0 {
				sources, flags = args[1:n], args[n:]
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			return cause(ctx, s.build(ctx, name, &f, sources, flags))
		},
	}
	flags := cmd.Flags()
	flags.VarP(&f.opt, "opt", "O", "optimisation `LEVEL`: 0, 1, 2, 3, s or z, as in -O2")
	flags.StringVar(&f.lang, "lang", "", "`LANGUAGE` of the sources: c, c++, go or rust (default: by their names)")
	flags.BoolVar(&f.strip, "strip", false, "run a module without debug information, which is kept beside it")
	flags.StringVar(&f.warmExport, "warm-export", "", warmExportUsage)
	return cmd
}

func (s *session) build(ctx context.Context, name guest.Name, f *buildFlags, sources, flags []string) error {
	began := s.now()
	lang := toolchain.Auto
	if f.lang != "" {
		var err error
		if lang, err = toolchain.ParseLang(f.lang); err != nil {
			return &usageError{err}
		}
	}
	st, err := s.openStore()
	if err != nil {
		return err
	}
	defer st.Close()
	module, result, err := s.compile(ctx, st, toolchain.Request{
		Lang: lang, Sources: sources, Opt: toolchain.Opt(f.opt), Flags: flags, WarmExport: f.warmExport,
	})
	if err != nil {
		return adviseOnDisk(err)
	}
	if err := checkWarmExport(module, f.warmExport); err != nil {
		return fmt.Errorf("build %s: %w", name, err)
	}
	origin := fmt.Sprintf("built from %s by %s", strings.Join(sources, " "), result.Compiler)
	kept, err := st.Add(name, module, store.AddOptions{Strip: f.strip, Origin: origin, WarmExport: f.warmExport})
	if err != nil {
		return err
	}
	return s.finish(ctx, "built", kept, began)
}

// adviseOnDisk adds the next step to an error of the file system that has none.
func adviseOnDisk(err error) error {
	next := store.NextStep(err)
	if next == "" || strings.Contains(err.Error(), "free some space") || strings.Contains(err.Error(), "choose a") {
		return err
	}
	return fmt.Errorf("%w\n  %s", err, next)
}

// compile runs the compilers and returns the module.
func (s *session) compile(ctx context.Context, st *store.Store, r toolchain.Request) ([]byte, toolchain.Result, error) {
	cache := filepath.Join(st.Dir(), "cache")
	library, err := include.Install(cache)
	if err != nil {
		return nil, toolchain.Result{}, err
	}
	temporary, err := os.MkdirTemp(s.env.get("TMPDIR"), "faaslens-")
	if err != nil {
		return nil, toolchain.Result{}, fmt.Errorf("build: %w: free some space there, or set TMPDIR to another directory", err)
	}
	defer os.RemoveAll(temporary)
	r.Output = filepath.Join(temporary, store.ModuleFile)
	r.IncludeDirs, r.LibSources = library.IncludeDirs(), library.Sources()
	r.CacheDir = filepath.Join(cache, "objects")
	r.Log, r.Colour = s.stderr, s.coloured()
	tools := toolchain.Find(ctx, toolchain.Host{Env: s.env})
	result, err := tools.Build(ctx, r)
	if err != nil {
		return nil, result, err
	}
	module, err := os.ReadFile(r.Output)
	if err != nil {
		return nil, result, fmt.Errorf("build: %w", err)
	}
	return module, result, nil
}

// finish compiles a kept function for this machine and sums up.
func (s *session) finish(ctx context.Context, done string, kept store.Function, began time.Time) error {
	_, closeAll, err := s.prepare(ctx, kept.Name)
	if err != nil {
		return fmt.Errorf("%s is kept, but cannot be run: %w", kept.Name, err)
	}
	closeAll()
	fmt.Fprintf(s.stderr, "%s %s: %s, %s, in %v\n", done, kept.Name, guest.FormatBytes(uint64(kept.Size)), debugWords(kept), showTime(s.now().Sub(began)))
	return nil
}

// debugWords says what is known about a module's source.
func debugWords(f store.Function) string {
	switch {
	case f.HasDWARF && f.HasNames:
		return "with debug information"
	case f.HasDWARF:
		return "with debug information, without names"
	case f.Stripped:
		return "debug information beside it"
	case f.HasNames:
		return "function names only"
	}
	return "no debug information"
}
