package snapshot

import (
	"encoding/binary"
	"slices"

	"github.com/faaslens/faaslens/wasm"
)

// Section is the name of the custom section that tells which exports of a module have run
// and are no longer there, each as a name with its length before it.
const Section = "faaslens.snapshot"

// Detach returns a frozen module for use elsewhere: without the exports that have run, so
// that no host calls them again, and with the custom sections of another module with the
// same code, which may have more to say of it.
func Detach(frozen, customs *wasm.Module, ran []string) []byte {
	var exports, told []byte
	n := uint64(0)
	for _, x := range frozen.Exports {
		if x.Kind == wasm.KindFunc && slices.Contains(ran, x.Name) {
			told = appendName(told, x.Name)
			continue
		}
		n++
		exports = appendName(exports, x.Name)
		exports = binary.AppendUvarint(append(exports, byte(x.Kind)), uint64(x.Index))
	}
	b := frozen.Replace(map[wasm.SectionID][]byte{
		wasm.SectionExport: append(binary.AppendUvarint(nil, n), exports...),
		wasm.SectionCustom: nil,
	})
	for _, s := range customs.Sections {
		if s.ID == wasm.SectionCustom {
			b = append(b, customs.Bytes()[s.Header:s.End()]...)
		}
	}
	content := append(appendName(nil, Section), told...)
	b = binary.AppendUvarint(append(b, byte(wasm.SectionCustom)), uint64(len(content)))
	return append(b, content...)
}

func appendName(to []byte, name string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(name))), name...)
}
