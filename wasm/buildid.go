package wasm

import "crypto/sha256"

const (
	buildIDSection = "build_id"
	buildIDSize    = 20 // of one that Strip derives, as long as a linker's SHA-1
	maxBuildIDSize = 256
)

// BuildID returns what identifies a linked module and its debug file, as wasm-ld
// --build-id writes it (tool-conventions, BuildId.md): 1 to 256 bytes that alias
// the module. It is nil if there is none or if the section is damaged.
func (m *Module) BuildID() []byte {
	c, ok := m.Custom(buildIDSection)
	if !ok {
		return nil
	}
	r := payloadReader(c, m)
	id := r.take(uint64(r.u32("its length")), "the build id")
	if r.err != nil || len(id) == 0 || len(id) > maxBuildIDSize {
		return nil
	}
	return id
}

// deriveBuildID identifies a module that its linker gave no build id.
func deriveBuildID(m *Module) []byte {
	sum := sha256.Sum256(m.bytes)
	return sum[:buildIDSize]
}
