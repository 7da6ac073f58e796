package wasm

// Implementation limits that WebAssembly engines share (WebAssembly JavaScript
// Interface, section "Implementation-defined Limits"; Wasmtime's validator keeps
// the same ones). Refusing here what the engine would refuse keeps a small
// hostile module from taking much memory.
const (
	maxModuleSize   = 1 << 30
	maxTypes        = 1_000_000
	maxFuncs        = 1_000_000
	maxImports      = 1_000_000
	maxExports      = 1_000_000
	maxGlobals      = 1_000_000
	maxTags         = 1_000_000
	maxTables       = 100_000
	maxMemories     = 100_000
	maxElements     = 10_000_000
	maxSegments     = 100_000 // of elements, and of data
	maxCustoms      = 100_000 // our own; real modules have a few dozen at most
	maxParams       = 1_000
	maxResults      = 1_000
	maxStructFields = 10_000
	maxSupertypes   = 1
	maxNameBytes    = 100_000
	maxLocals       = 50_000
	maxItems        = 7_654_321 // of what one instruction lists: engines take no longer body
)

// MaxModuleSize is the largest module, in bytes, that Parse takes.
const MaxModuleSize = maxModuleSize
