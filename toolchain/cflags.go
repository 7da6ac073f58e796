package toolchain

import (
	"fmt"
	"strings"
)

// cFlags are the user's flags for clang, sorted by what they concern.
type cFlags struct {
	c, cxx []string // for compiling C and C++
	link   []string // for linking
	target []string // those that a library must share to link with the rest
	// ownStart says that the user decides what starts the module.
	ownStart   bool
	splitDWARF bool // into files beside the objects
	exceptions bool
}

// refused are flags that would make the compiler do something other than one
// object for each source and one module.
var refused = map[string]string{
	"-c": "", "-S": "", "-E": "", "-M": "", "-MM": "", "-fsyntax-only": "", "-emit-llvm": "", "--precompile": "",
	"-o": "name the function instead",
	"-x": "use --lang",
}

// sortCFlags splits flags by their use. Each flag goes both to the compiler and to
// the linker's driver, as on a command line that does both, except for what only
// one of the two may see.
func sortCFlags(flags []string) (cFlags, error) {
	var s cFlags
	for i := 0; i < len(flags); i++ {
		f := flags[i]
		if why, no := refused[f]; no || strings.HasPrefix(f, "-o") {
			return cFlags{}, refusal(f, why)
		}
		args := flags[i : i+1]
		if takesArgument[f] && i+1 < len(flags) {
			args = flags[i : i+2]
			i++
		}
		s.add(f, args)
	}
	return s, nil
}

func refusal(flag, why string) error {
	if why != "" {
		why = ": " + why
	}
	return fmt.Errorf("compiler flag %s cannot be used in a build, which makes one module%s", flag, why)
}

// takesArgument are the flags whose next argument belongs to them.
var takesArgument = map[string]bool{
	"-I": true, "-D": true, "-U": true, "-L": true, "-l": true, "-u": true, "-z": true, "-T": true,
	"-include": true, "-imacros": true, "-isystem": true, "-iquote": true, "-idirafter": true, "-isysroot": true,
	"-Xclang": true, "-Xlinker": true, "-Xpreprocessor": true, "-Xassembler": true, "-mllvm": true,
	"-target": true, "-MF": true, "-MT": true, "-MQ": true, "--sysroot": true,
}

func (s *cFlags) add(f string, args []string) {
	switch {
	case strings.HasPrefix(f, "-std="):
		if strings.Contains(f, "++") {
			s.cxx = append(s.cxx, args...)
		} else {
			s.c = append(s.c, args...)
		}
		return
	case strings.HasPrefix(f, "-Wl,"), strings.HasPrefix(f, "-l"), strings.HasPrefix(f, "-L"), strings.HasPrefix(f, "-z"),
		f == "-Xlinker", f == "-u", f == "-T", strings.HasSuffix(f, ".a"), strings.HasSuffix(f, ".o"):
		s.link = append(s.link, args...)
		return
	}
	s.c = append(s.c, args...)
	s.cxx = append(s.cxx, args...)
	if f != "-Xclang" { // for the compiler proper, which does not run when linking
		s.link = append(s.link, args...)
	}
	switch {
	case strings.HasPrefix(f, "-m") && f != "-mllvm" && !strings.HasPrefix(f, "-mexec-model"), f == "-pthread", f == "-target", strings.HasPrefix(f, "--target="):
		s.target = append(s.target, args...)
	}
	switch f {
	case "-gsplit-dwarf", "-gsplit-dwarf=split":
		s.splitDWARF = true
	case "-gno-split-dwarf", "-gsplit-dwarf=single":
		s.splitDWARF = false
	case "-nostartfiles", "-nostdlib", "-nodefaultlibs", "-shared", "-r", "-pthread", "-target":
		s.ownStart = true
	case "-fexceptions", "-fcxx-exceptions", "-fignore-exceptions":
		s.exceptions = true
	case "-fno-exceptions":
		s.exceptions = false
	}
	if strings.HasPrefix(f, "-mexec-model=") || strings.HasPrefix(f, "--target=") {
		s.ownStart = true
	}
}

// lto reports whether the linker is to optimise.
func (s cFlags) lto() bool {
	on := false
	for _, f := range s.link {
		if f == "-flto" || strings.HasPrefix(f, "-flto=") {
			on = true
		} else if f == "-fno-lto" {
			on = false
		}
	}
	return on
}
