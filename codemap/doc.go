// Package codemap leads from compiled code back to the WebAssembly that it was made
// of. It reads what the engine leaves in a compiled image, an ELF file: the symbol
// table, which says where each function's body and each stub around them lies, and the
// address map, which says what instruction each piece of code comes from.
//
// It runs nothing, knows nothing of sources (package symbol does) and trusts no byte
// of an image. Offsets of compiled code count from the image's first byte; where an
// image is in memory, its base makes addresses of them.
package codemap
