// Package symfile writes the object file from which gdb and lldb learn about compiled
// guest code: an ELF file with the code's true addresses, its unwinding information,
// its functions' names in the source and by number, and its debug information, in
// which the engine has translated WebAssembly's places of variables into the
// machine's.
//
// It reads a compiled image and the module that it was made of, and trusts no byte of
// either. It runs nothing and announces nothing; package engine does.
package symfile
