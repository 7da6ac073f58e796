// Package hostcall describes what a guest may call. A [Spec] says once what a
// call is named, what its arguments mean and which memory it reads and writes;
// its WebAssembly signature, the checking of its pointers, its line in a trace and
// its entry in a recording all follow from that description.
//
// The interfaces themselves are in the sub-packages wasi and faasm, each a [Set] of
// specs that share one state per invocation. A [Table] joins sets; the engine
// links a module's imports against it and runs each call through [Spec.Invoke].
//
// Invariants: a call's function sees only memory that has been checked against
// the bounds of the guest's memory; nothing a guest passes makes a call panic; a
// view of memory is not kept beyond the call.
package hostcall
