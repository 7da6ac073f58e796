// Package export shows profiles: it writes a [profile.Profile] in the formats that
// people and their tools read, and reads the one that other tools write as text.
//
// It takes any valid profile, and one of a guest as package profiler collects it.
// Whose code a function is ([Kind]) follows from these conventions:
//
//   - Mapping.File is "wasm:USER/FUNCTION" for a guest's functions;
//   - "[host calls]" for host calls, which are leaves of their own;
//   - "[kernel.kallsyms]" or a name like it for the kernel;
//   - "[unknown]" for code that nobody could name;
//   - anything else, or no mapping, is the program that runs guests;
//   - guest code from libc, libc++, Rust's or Go's standard library is told from the
//     rest by the path of its file or, without one, by its name.
//
// Several Lines of one Location are inlined calls, the innermost first.
//
// The same profile gives the same bytes. Names, files and labels come from modules
// that nobody vouches for: every format escapes them, HTML and SVG run no script but
// their own, and HTML forbids the browser any other and any connection.
//
// HTML, SVG, firefox and speedscope show merged stacks, and their size follows the
// number of distinct ones. pprof and json keep every sample as it is.
//
// The package starts no goroutines. It opens no files: sources are read through
// [Options].Source, when a profile is written and never later.
package export
