// Package wasmtime is our binding to Wasmtime's C API, and the only package that
// may use cgo or unsafe. It links the static library that the module
// github.com/bytecodealliance/wasmtime-go carries, but calls it through its own
// declarations (capi.h), because that module lacks memories of the host's,
// pre-instantiation and unchecked calls that a fresh instance for every invocation
// needs.
//
// What crosses the border: an invocation is one call into C (fl_run), a host call is
// one call out of it (hostCall). Go objects are named by small integers,
// never by pointers. No C type appears in an exported signature.
//
// Every object has an explicit Close; an object closed while another uses it is a
// mistake of the caller's that the engine package rules out.
package wasmtime
