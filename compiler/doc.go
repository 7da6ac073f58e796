// Package compiler compiles modules in a process of their own, with limits: a module can
// make the compiler take all memory, or end its process. It owns that process, from its
// start to what its end means; what is compiled, and how, is package engine's.
//
// The process is this program started again, with [Argument] as its first argument. It
// finds the module and the file for the image open, and sets its limits itself before it
// reads the module's first byte.
//
// Goroutines: each [Compiler.Compile] has those of package os/exec, until it returns. The
// process has one that waits for its time to be over.
package compiler
