package wasm

const externalDebugInfoSection = "external_debug_info"

// ExternalDebugInfo returns the URL, most often a file name, of the file that
// holds the module's DWARF (tool-conventions, Debugging.md); "" if the module
// names none or the section is damaged. It comes from outside: look it up with
// care.
func (m *Module) ExternalDebugInfo() string {
	c, ok := m.Custom(externalDebugInfoSection)
	if !ok {
		return ""
	}
	r := payloadReader(c, m)
	url := r.name("the URL")
	if r.err != nil {
		return ""
	}
	return url
}
