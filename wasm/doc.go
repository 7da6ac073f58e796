// Package wasm reads the WebAssembly binary format: what a module declares,
// where its pieces lie and which instructions it has, never what they compute.
//
// [Parse] reads the metadata of a core module in one pass over its section
// headers and declarations. It checks structure (magic, section order, sizes,
// counts, LEB128 encodings, index ranges) with the byte offset of the first
// mistake, and leaves validation of code and constant expressions to the engine.
// Function bodies are located; [Module.Code] walks the instructions of one when
// asked, without making garbage. [Module.Names], [Module.Producers],
// [Module.BuildID] and [Module.ExternalDebugInfo] read custom sections when
// asked; damage there never makes a module invalid. [Strip] splits a module into
// a small one for running and a debug file.
//
// Invariants: a Module aliases the bytes that it was parsed from, which must not
// change while it is in use; it is immutable after Parse and safe for concurrent
// use; memory taken is at most proportional to the input's length, whatever the
// input claims.
//
// Sources of the format: WebAssembly Core Specification 3.0, chapter 5 (Binary
// Format) and appendix 7.5 (Custom Sections); tool-conventions: Debugging.md
// (external_debug_info), ProducersSection.md, BuildId.md; proposals: threads,
// custom page sizes, extended name section, and the older one of exceptions.
package wasm
