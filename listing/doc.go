// Package listing puts a function's code beside what it comes from: its WebAssembly
// instructions, the machine code that the engine made of them, the source, and how often
// a profile met each.
//
// It reads and joins; how a listing looks is for the caller. A Module is not safe for
// concurrent use. Modules, images and profiles are not trusted: errors say what is wrong
// with them, and memory is at most proportional to their size.
package listing
