package store

import (
	"encoding/json"
	"path/filepath"

	"github.com/faaslens/faaslens/guest"
)

// maxMetaSize bounds meta.json when it is read.
const maxMetaSize = 1 << 20

// Meta is what is known of a function beyond its module.
type Meta struct {
	// SHA256 is that of function.wasm, in hex. With another one the rest is
	// about an older module and does not count.
	SHA256 string `json:"sha256"`
	// Origin says where the module came from, such as a file or the command
	// that built it.
	Origin string `json:"origin,omitempty"`
	// SourceSHA256 is that of the module before it was stripped, in hex.
	SourceSHA256 string `json:"source_sha256,omitempty"`
	// WarmExport is the export that prepares the function: it is called once, and
	// invocations start from what it left.
	WarmExport string `json:"warm_export,omitempty"`
}

func (m Meta) encode() []byte {
	b, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		panic("store: metadata of plain strings does not encode: " + err.Error())
	}
	return append(b, '\n')
}

// WarmExport is the export that prepares a function whose module these bytes are; empty if
// none was named.
func (s *Store) WarmExport(name guest.Name, module []byte) string {
	d, err := s.openFunction(name)
	if err != nil {
		return ""
	}
	defer d.root.Close()
	m, err := d.decodeMeta()
	if err != nil || m.WarmExport == "" || m.SHA256 != checksum(module) {
		return ""
	}
	return m.WarmExport
}

// readMeta returns the metadata that belongs to the module with this checksum, or
// nothing: metadata that is missing, damaged or older is no reason to refuse a
// function.
func (d *functionDir) readMeta(sha256 string) Meta {
	m, err := d.decodeMeta()
	if err != nil || m.SHA256 != sha256 {
		return Meta{}
	}
	return m
}

func (d *functionDir) decodeMeta() (m Meta, err error) {
	b, _, err := readFile(d.root, filepath.Join(d.path, MetaFile), MetaFile, maxMetaSize)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	return m, err
}
