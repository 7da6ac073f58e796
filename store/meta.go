package store

import (
	"encoding/json"
	"path/filepath"
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
}

func (m Meta) encode() []byte {
	b, err := json.MarshalIndent(m, "", "\t")
	if err != nil {
		panic("store: metadata of plain strings does not encode: " + err.Error())
	}
	return append(b, '\n')
}

// readMeta returns the metadata that belongs to the module with this checksum, or
// nothing: metadata that is missing, damaged or older is no reason to refuse a
// function.
func (d *functionDir) readMeta(sha256 string) Meta {
	b, _, err := readFile(d.root, filepath.Join(d.path, MetaFile), MetaFile, maxMetaSize)
	if err != nil {
		return Meta{}
	}
	var m Meta
	if json.Unmarshal(b, &m) != nil || m.SHA256 != sha256 {
		return Meta{}
	}
	return m
}
