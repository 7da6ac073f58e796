package perf

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// unwinding takes over the image's table of how to unwind and makes the index that
// unwinders search it by (Linux Standard Base 5.0, core, 10.6: .eh_frame and
// .eh_frame_hdr). Without a table there is none: the code has frame pointers.
func (o *object) unwinding(image *elf.File, text *elf.Section) error {
	data, frames := []byte{0, 0, 0, 0}, []unwound(nil)
	o.frameAt = align(textOffset+text.Size, 8)
	if table := image.Section(".eh_frame"); table != nil && table.Offset >= text.Offset+text.Size {
		// Its entries name code by the distance from themselves.
		o.frameAt = table.Offset - text.Offset + textOffset
		var err error
		if data, frames, err = readTable(table, o.frameAt); err != nil {
			return err
		}
	}
	o.frameHeaderAt = align(o.frameAt+uint64(len(data)), 4)
	o.sections[secFrame] = section{".eh_frame", elf.SHT_PROGBITS, elf.SHF_ALLOC, 8, data}
	o.sections[secFrameHeader] = section{".eh_frame_hdr", elf.SHT_PROGBITS, elf.SHF_ALLOC, 4, frameIndex(frames, o.frameAt, o.frameHeaderAt)}
	return nil
}

// unwound is an entry of the table: the code it is for, where it is itself, its bytes and
// those of the entry that it refers to.
type unwound struct {
	code, entry   uint64
	bytes, common []byte
}

// readTable reads an image's unwind table, and its entries as if it were at an address.
func readTable(table *elf.Section, at uint64) (data []byte, frames []unwound, err error) {
	if data, err = table.Data(); err == nil {
		frames, err = readFrames(data, at)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the compiled image's unwind table: %w", err)
	}
	return data, frames, nil
}

var errFrames = errors.New("it is damaged")

// readFrames finds the entries of an .eh_frame that is at an address. The engine
// encodes addresses as distances of 8 bytes (DW_EH_PE_pcrel), other forms are refused.
func readFrames(b []byte, at uint64) ([]unwound, error) {
	var all []unwound
	commons := make(map[int][]byte) // by where they are
	for pos := 0; pos+4 <= len(b); {
		size := int(binary.LittleEndian.Uint32(b[pos:]))
		if size == 0 {
			break
		}
		if size < 4 || size > len(b)-pos-4 {
			return nil, errFrames
		}
		entry := b[pos+4 : pos+4+size]
		if binary.LittleEndian.Uint32(entry) == 0 {
			if err := checkCommon(entry); err != nil {
				return nil, err
			}
			commons[pos] = b[pos : pos+4+size]
		} else {
			common, ok := commons[pos+4-int(binary.LittleEndian.Uint32(entry))]
			if len(entry) < 20 || !ok {
				return nil, errFrames
			}
			from := at + uint64(pos) + 8
			code := from + binary.LittleEndian.Uint64(entry[4:])
			all = append(all, unwound{code, at + uint64(pos), b[pos : pos+4+size], common})
		}
		pos += 4 + size
	}
	slices.SortFunc(all, func(a, b unwound) int { return cmp.Compare(a.code, b.code) })
	return all, nil
}

// pcRelative is the encoding of addresses as 8-byte distances from where they stand.
const pcRelative = 0x10

// checkCommon checks how a common information entry says that its addresses are
// encoded. For arm64 it may have more letters.
func checkCommon(entry []byte) error {
	if len(entry) < 6 {
		return errFrames
	}
	augmentation, rest, ok := bytes.Cut(entry[5:], []byte{0})
	if !ok || len(augmentation) < 2 || augmentation[0] != 'z' || augmentation[1] != 'R' {
		return fmt.Errorf("its form %q is not known", augmentation)
	}
	// Two alignment factors, the return address and the length of what follows.
	for range 4 {
		i := slices.IndexFunc(rest, func(c byte) bool { return c < 0x80 })
		if i < 0 {
			return errFrames
		}
		rest = rest[i+1:]
	}
	if len(rest) == 0 || rest[0] != pcRelative {
		return errors.New("the form of its addresses is not known")
	}
	return nil
}

// frameIndex is an .eh_frame_hdr at an address: where the table is, and its entries by
// the code that they are for, all as distances of 4 bytes.
func frameIndex(frames []unwound, table, at uint64) []byte {
	const version, pcRelative4, unsigned4, fromHere4 = 1, 0x1b, 0x03, 0x3b
	var b bytes.Buffer
	b.Write([]byte{version, pcRelative4, unsigned4, fromHere4})
	put(&b, int32(table-at-4), uint32(len(frames)))
	for _, f := range frames {
		put(&b, int32(f.code-at), int32(f.entry-at))
	}
	return b.Bytes()
}
