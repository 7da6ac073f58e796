// Package toolchain turns C, C++, Go and Rust sources into WebAssembly modules
// of WASI preview 1, with the compilers that the machine has, and says what to
// install where one is missing.
//
// [Find] looks at the machine and answers with a [Toolset]; [Toolset.Build] runs
// one build. Nothing here reads the process's environment, its working directory
// aside: a [Host] carries the environment, so that a build is a function of its
// arguments and of the files it names.
//
// What a build promises:
//
//   - Debug information and names survive: the module is what the linker wrote.
//     clang runs wasm-opt from the PATH by itself when it links with
//     optimisation; it is never given the occasion.
//   - C and C++ see the headers of the WebAssembly system root only, never the
//     machine's own.
//   - A linear stack that overflows traps instead of overwriting data, because
//     it lies below everything else in memory.
//   - Constructors run exactly once, whether the host starts the module by
//     _start alone or by Faasm's protocol (__wasm_call_ctors, _faasm_zygote,
//     _start); calling an exported malloc runs no constructors or destructors.
//   - The compilers' messages reach the user as they were written, in the order
//     of the sources.
//   - The output file appears whole or not at all, and temporary files vanish.
//
// The package knows nothing about where functions are stored, and does not strip
// modules.
package toolchain
