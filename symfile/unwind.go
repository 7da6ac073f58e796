package symfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
)

// callerSaved are the registers, by their DWARF numbers, that a call may change: the
// platforms' conventions, which the engine's compiled code follows.
func callerSaved(m elf.Machine) []byte {
	var all []byte
	add := func(first, last byte) {
		for r := first; r <= last; r++ {
			all = append(all, r)
		}
	}
	if m == elf.EM_AARCH64 {
		add(0, 17)
		add(64, 95) // of v8 to v15 a call keeps one half
		return all
	}
	add(0, 2) // rax, rdx, rcx
	add(4, 5) // rsi, rdi
	add(8, 11)
	add(17, 32) // xmm0 to xmm15
	return all
}

// DWARF 5, section 6.4.2.
const cfaUndefined = 0x07

// undefineCallerSaved makes a copy of the engine's .eh_frame that says which registers a
// call changes. Without that, debuggers take what a callee left in them for the
// caller's variables. The engine writes one CIE, with addresses relative to where they
// stand, and an FDE for each function (Linux Standard Base Core 5.0, section 10.6).
func undefineCallerSaved(b []byte, m elf.Machine) ([]byte, error) {
	le := binary.LittleEndian
	if len(b) < 20 || le.Uint32(b[4:]) != 0 || !bytes.Equal(b[8:12], []byte("\x01zR\x00")) {
		return nil, errUnknownUnwind
	}
	end := 4 + int(le.Uint32(b))
	if end > len(b) || end < 20 {
		return nil, errUnknownUnwind
	}
	var undefined []byte
	for _, r := range callerSaved(m) {
		undefined = append(undefined, cfaUndefined, r) // numbers below 128 are one byte
	}
	for len(undefined)%8 != 0 {
		undefined = append(undefined, 0) // DW_CFA_nop
	}
	more := len(undefined)
	out := append(append(bytes.Clone(b[:end]), undefined...), b[end:]...)
	le.PutUint32(out, uint32(end-4+more))
	for at := end + more; at+4 <= len(out); {
		size := int(le.Uint32(out[at:]))
		if size == 0 {
			return out, nil
		}
		if size < 20 || size > len(out)-at-4 {
			return nil, errUnknownUnwind
		}
		// The distance back to the CIE, and the one to the function.
		back := le.Uint32(out[at+4:]) + uint32(more)
		if int(back) != at+4 {
			return nil, errUnknownUnwind
		}
		le.PutUint32(out[at+4:], back)
		le.PutUint64(out[at+8:], le.Uint64(out[at+8:])-uint64(more))
		at += 4 + size
	}
	return out, nil
}

var errUnknownUnwind = errors.New("read the compiled image: its .eh_frame is not of the form that the engine writes")
