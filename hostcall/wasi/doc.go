// Package wasi is WASI preview 1, whole: the calls of module
// wasi_snapshot_preview1 as [hostcall.Spec] descriptions over a [System], the state
// of one invocation.
//
// Source of names, numbers and layouts: the witx files of preview 1
// (WebAssembly/WASI, legacy/preview1/witx). Where they leave behaviour open, the
// expectations of the official test suite decide, then what Linux does.
//
// The sandbox is [os.Root]. A path is resolved up to its last component by the root
// of the descriptor that it starts from; the last component is acted on by one
// system call relative to the directory so found, which never follows a link. A
// link in that place is read and resolved anew, from the root. So nothing outside
// a preopened directory is reached, whatever is renamed meanwhile.
//
// Invariants: a System never closes a preopened root; everything else that a guest
// opened is closed by Close; no call panics on what a guest passes; a call that
// waits ends with the invocation's context; the calls of a program that only uses
// its standard streams allocate nothing.
//
// What it refuses: sockets, absolute paths, paths and links that lead above their
// directory, names that are not UTF-8, every write under a read-only preopen.
package wasi
