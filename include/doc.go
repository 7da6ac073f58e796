// Package include carries what functions are written against: the C and C++
// headers of Faasm's interface (<faasm/...>), the small C library behind them, and
// headers for the POSIX calls that the runtime adds to WASI. Source written for
// Faasm compiles with them unchanged.
//
// The files are embedded; [Install] lays them out where a compiler can read them.
// The package runs no compiler and knows none.
//
//   - faasm/ has the headers. A call of the runtime is declared with its import
//     module and name, so that linking needs no list of allowed undefined symbols.
//   - posix/ has headers to search before the C library's: sys/mman.h, pwd.h,
//     unistd.h.
//   - lib/ has the library's sources, C for C and C++ alike. What only C++ needs is
//     in the headers.
//
// Threads, OpenMP and MPI have no headers here yet.
package include
