// Package faasm is Faasm's host interface, import module "env", for a single
// function: its input and output, Faasm's flags and test hooks, memory that the
// host hands out (mmap and sbrk), and the fragments of POSIX that Faasm's C library
// leaves to the host. It also owns what surrounds one invocation in Faasm: which
// exports run in which order ([Plan]), the arguments and the environment of a guest,
// and what an outcome looks like to the caller.
//
// Calls of Faasm that need more than one function (state, chaining, MPI, threads and
// so on) are known by name and signature ([Known]) and trap when called ([Stub]); a
// call that is neither provided nor known is for the linker to refuse.
//
// Invariants: one [Invocation] holds everything that calls of one invocation
// share, and [Invocation.Reset] leaves nothing of the one before; reading the input
// and writing the output allocate nothing once the buffer for output is there;
// memory handed out by mmap and by a rising break reads as zero.
//
// Where Faasm's own behaviour is a fault rather than a habit, the comment at the
// call says what Faasm does and what this package does instead.
package faasm
