package export

import (
	"path"
	"regexp"
	"strings"

	"github.com/google/pprof/profile"
)

// Kind says whose code a function is.
type Kind uint8

// The kinds.
const (
	// Host is the program that runs guests, its libraries included.
	Host Kind = iota
	// Guest is a function's own code.
	Guest
	// Library is guest code that came with the toolchain: libc, libc++, the standard
	// libraries of Rust and Go and what starts programs.
	Library
	// HostCall is a call of a guest to its host.
	HostCall
	// Kernel is the operating system's.
	Kernel
	// Unknown is code that nobody could name.
	Unknown
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Host, Guest, Library, HostCall, Kernel, Unknown} }

func (k Kind) String() string {
	switch k {
	case Host:
		return "host"
	case Guest:
		return "guest"
	case Library:
		return "library"
	case HostCall:
		return "host call"
	case Kernel:
		return "kernel"
	}
	return "unknown"
}

// Names of mappings that are no files.
const (
	guestPrefix    = "wasm:"
	hostCalls      = "[host calls]"
	kernelPrefix   = "[kernel"
	guestKernel    = "[guest.kernel"
	unknownMapping = "[unknown]"
	// jitMapping is what folded stacks mark as compiled at run time: guest code of a
	// function that they do not name.
	jitMapping = "wasm:"
)

// kindOf says whose code a function of a mapping is. Either may be nil.
func kindOf(m *profile.Mapping, f *profile.Function) Kind {
	module, name, file := "", "", ""
	if m != nil {
		module = m.File
	}
	if f != nil {
		name, file = f.Name, f.Filename
	}
	switch {
	case strings.HasPrefix(module, guestPrefix):
		if isLibrary(name, file) {
			return Library
		}
		return Guest
	case module == hostCalls:
		return HostCall
	case strings.HasPrefix(module, kernelPrefix), strings.HasPrefix(module, guestKernel), strings.HasSuffix(module, ".ko"):
		return Kernel
	case module == unknownMapping, name == "[unknown]":
		return Unknown
	}
	return Host
}

// isLibrary reports whether guest code came with the toolchain. Where its file is known,
// only that counts: a program may have a function of any name.
func isLibrary(name, file string) bool {
	if file == "" {
		return isLibraryName(name)
	}
	for _, part := range libraryPaths() {
		if strings.Contains(file, part) {
			return true
		}
	}
	return goSource.MatchString(file)
}

// libraryPaths are parts of the paths of standard libraries' sources, as the packages
// of Debian, wasi-sdk and rustup have them.
func libraryPaths() []string {
	return []string{
		"libc-bottom-half/", "libc-top-half/", "wasi-libc/", "dlmalloc/src/",
		"/c++/v1/", "libcxx/", "libcxxabi/", "libunwind/", "compiler-rt/", "lib/clang/",
		"/library/std/", "/library/core/", "/library/alloc/", "/library/panic_abort/", "/rustc/", "/rustlib/src/",
		"/objects/src-", // where faaslens build keeps what starts programs
	}
}

// goSource is the path of a file of Go's standard library: in a tree of Go, or, of a
// program that was built with -trimpath, below the library's first directory.
var goSource = regexp.MustCompile(`(^|/)go[-0-9.]*/src/[a-z]|^(runtime|internal|syscall|os|io|fmt|sync|reflect|strconv|strings|bytes|unicode|errors|time|math|sort|slices|bufio|encoding|context|unsafe)/[a-z_0-9/]*\.(go|s)$`)

// libraryName is the name of a function of a standard library: of a reserved kind in C,
// C++ or Rust, or in a package of Go's.
var libraryName = regexp.MustCompile(`^(_|std::|core::|alloc::|<(std|core|alloc)::|runtime\.|internal/|syscall[./]|os\.|io\.|fmt\.|sync[./]|reflect\.|strconv\.)`)

// libcNames are functions of the C library that often weigh something, for modules
// without files.
const libcNames = " malloc free calloc realloc dlmalloc dlfree dlcalloc dlrealloc internal_memalign aligned_alloc sbrk " +
	"memcpy memmove memset memcmp memchr strlen strcmp strncmp strcpy strncpy strcat strchr strrchr strstr strtol strtod " +
	"printf fprintf sprintf snprintf vfprintf vsnprintf puts putchar fputs fputc fwrite fread fflush fopen fclose getline " +
	"printf_core fmt_fp pop_arg pad out sn_write qsort bsearch rand srand exit abort read write open close readv writev " +
	"sin cos tan exp log pow fmod floor ceil sqrt atan atan2 scalbn frexp "

func isLibraryName(name string) bool {
	return libraryName.MatchString(name) || name != "" && !strings.Contains(name, " ") && strings.Contains(libcNames, " "+name+" ")
}

// moduleName is what a mapping is called in few words: demo/hello, or a file's name.
func moduleName(m *profile.Mapping) string {
	switch {
	case m == nil || m.File == "":
		return ""
	case strings.HasPrefix(m.File, guestPrefix):
		return strings.TrimPrefix(m.File, guestPrefix)
	case m.File[0] == '[':
		return m.File
	}
	return path.Base(m.File)
}
