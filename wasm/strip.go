package wasm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// ErrStripped means that a module already keeps its DWARF in another file.
var ErrStripped = errors.New("the module is stripped already")

// StripOptions says how Strip is to do it.
type StripOptions struct {
	// DebugFile is the name or URL that the stripped module gives for its debug
	// file. Empty means that it names none.
	DebugFile string
}

// Strip splits a module in two that share a build id: the one it has, or else one
// derived from its content.
//
// The stripped module is for running. It lacks DWARF (.debug_*), the name
// section and what only a linker reads (linking, reloc.*), and gains the build id
// and an external_debug_info section with the name of the debug file. Its other
// sections are the same bytes in the same order.
//
// The debug module is the whole input with the build id. It keeps its code: the
// code section has the same bytes in both, which proves that a debug file fits,
// and DWARF addresses count from that section's start, so that they hold in both.
//
// The error is that of Parse, or wraps ErrStripped if the module has no DWARF but
// says where it is.
func Strip(b []byte, options StripOptions) (stripped, debug []byte, err error) {
	m, err := Parse(b)
	if err != nil {
		return nil, nil, err
	}
	if url := m.ExternalDebugInfo(); url != "" && !m.HasDWARF() {
		return nil, nil, fmt.Errorf("strip: %w: its debug information is in %q; use it as it is", ErrStripped, url)
	}
	if len(options.DebugFile) > maxNameBytes {
		return nil, nil, fmt.Errorf("strip: the debug file's name has %d bytes, at most %d are allowed", len(options.DebugFile), maxNameBytes)
	}
	id := m.BuildID()
	keepID := id != nil
	if !keepID {
		id = deriveBuildID(m)
	}
	idSection := appendCustom(nil, buildIDSection, id)
	stripped = m.copySections(nil, func(name string) bool {
		return !isDWARF(name) && name != "name" && name != "linking" && !strings.HasPrefix(name, "reloc.") &&
			name != externalDebugInfoSection && (keepID || name != buildIDSection)
	})
	debug = m.copySections(make([]byte, 0, len(b)+len(idSection)), func(name string) bool {
		return name != externalDebugInfoSection && (keepID || name != buildIDSection)
	})
	if !keepID {
		stripped = append(stripped, idSection...)
		debug = append(debug, idSection...)
	}
	if options.DebugFile != "" {
		stripped = appendCustom(stripped, externalDebugInfoSection, []byte(options.DebugFile))
	}
	return stripped, debug, nil
}

// copySections appends the preamble, all sections that mean something to the
// engine and those custom ones whose names are to be kept.
func (m *Module) copySections(to []byte, keep func(custom string) bool) []byte {
	to = append(to, m.bytes[:preambleSize]...)
	custom := 0
	for _, s := range m.Sections {
		if s.ID == SectionCustom {
			custom++
			if !keep(m.Customs[custom-1].Name) {
				continue
			}
		}
		to = append(to, m.bytes[s.Header:s.End()]...)
	}
	return to
}

// appendCustom appends a custom section whose payload is one length-prefixed
// string of bytes.
func appendCustom(to []byte, name string, value []byte) []byte {
	content := appendBytes(appendBytes(nil, []byte(name)), value)
	to = append(to, byte(SectionCustom))
	return appendBytes(to, content)
}

func appendBytes(to, b []byte) []byte {
	return append(binary.AppendUvarint(to, uint64(len(b))), b...)
}
