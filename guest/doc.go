// Package guest is the vocabulary that every other package shares: what a
// function is called, what its values, frames and limits look like, and the
// ways in which an invocation can end. It has no logic beyond formatting and
// validating names, imports nothing from this module and never runs a guest.
//
// An invocation ends in one of these ways, each an error type of its own except
// the first:
//
//   - it returns: no error
//   - it exits with a code: [Exit]
//   - it traps: [Trap]
//   - it hits a limit, its deadline or a cancellation: [Limit]
//   - it cannot start, because an import does not fit: [LinkError]
//   - it cannot start, because the module is not valid: [InvalidModule]
//
// Addresses come in distinct types so that a wrong one does not compile: a
// [CodeOffset] counts bytes from the start of the code section's content, as
// DWARF in WebAssembly does; a [FileOffset] counts bytes from the start of the
// module.
package guest
