// Package wast writes modules, functions and instructions in WebAssembly's text format
// (WebAssembly Core Specification 3.0, chapter 6), with the names that are known.
//
// Write writes a whole module so that a reader of the format makes an equal one of it:
// the same indices, the same code, the same data. Custom sections are left out, but for
// names, which become identifiers. Printer writes single instructions, for listings.
//
// It trusts no byte of a module: errors are a *guest.InvalidModule with the offset, or
// the writer's; memory is at most proportional to the module's size.
package wast
