//go:build !linux || !cgo || (!amd64 && !arm64)

package wasmtime

// Stopping guests and walking their stacks depends on the system and the processor.
// The name of what is missing here is what the compiler prints.
var _ = faaslens_needs_Linux_on_amd64_or_arm64_with_cgo_and_a_C_compiler
