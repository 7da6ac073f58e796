package perf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Mapping is code that a Dump says was in memory.
type Mapping struct {
	Start, Size uint64
	Object      string // path of the file that names it
}

// maxDump bounds a dump that is read: a Dump has 64 bytes for each image, and more only if
// it has functions.
const maxDump = 64 << 20

// ReadDump reads the images in a file that a Dump wrote. One that was not closed is read
// to where it ends.
func ReadDump(path string) ([]Mapping, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > maxDump {
		err = fmt.Errorf("%s has more than %d bytes", path, maxDump)
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read a jitdump: %w", err)
	}
	all, err := parseDump(b, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("read a jitdump: %s: %w", path, err)
	}
	return all, nil
}

// parseDump reads a dump in a directory.
func parseDump(b []byte, dir string) ([]Mapping, error) {
	le := binary.LittleEndian
	if len(b) < 40 || le.Uint32(b) != dumpMagic {
		return nil, errors.New("it is none")
	}
	size := le.Uint32(b[8:])
	if size < 40 || int64(size) > int64(len(b)) {
		return nil, errors.New("its header is damaged")
	}
	var all []Mapping
	for b = b[size:]; len(b) >= recordHeader; {
		kind, size := le.Uint32(b), le.Uint32(b[4:])
		if size < recordHeader || int64(size) > int64(len(b)) {
			break // it was being written
		}
		record := bytes.NewReader(b[recordHeader:size])
		b = b[size:]
		if kind != recordMove {
			continue
		}
		var m struct {
			PID, TID                 uint32
			VMA, From, To, Len, Code uint64
		}
		if err := binary.Read(record, le, &m); err != nil {
			return nil, errors.New("a record is damaged")
		}
		all = append(all, Mapping{m.To, m.Len, filepath.Join(dir, objectName(int(m.PID), m.Code))})
	}
	return all, nil
}
