package symfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"
)

func list(entries ...location) []byte {
	var b []byte
	for _, e := range entries {
		b = appendLocation(b, e.start, e.end, []byte(e.expr))
	}
	return append(b, make([]byte, 16)...)
}

type location struct {
	start, end uint64
	expr       string
}

func TestListsKnowOfTrapsThatTheirCodeLeadsTo(t *testing.T) {
	const reg0, reg1 = "\x50", "\x51"
	old := append(list(location{10, 20, reg0}, location{30, 40, reg1}), list(location{10, 20, reg0}, location{100, 110, reg1})...)
	got, moved := locations(old, []trapJump{{5, 90}, {15, 100}, {20, 104}, {39, 108}}, &arguments{}, translator{}.translate)
	want := append(list(location{10, 20, reg0}, location{30, 40, reg1}, location{100, 102, reg0}, location{108, 110, reg1}),
		// It knew of the trap at 100 already.
		list(location{10, 20, reg0}, location{100, 110, reg1})...)
	if !bytes.Equal(got, want) {
		t.Errorf("got  %x\nwant %x", got, want)
	}
	first := uint64(len(list(location{10, 20, reg0}, location{30, 40, reg1})))
	if len(moved) != 2 || moved[0] != 0 || moved[first] != uint64(len(want)-len(list(location{10, 20, reg0}, location{100, 110, reg1}))) {
		t.Errorf("moved %v", moved)
	}
	if got, _ := locations(old[:len(old)-1], nil, &arguments{}, translator{}.translate); got != nil {
		t.Error("a section that ends too early is rewritten")
	}
}

func TestExpressionsAreMendedOnlyWhereTheyAreSpoiled(t *testing.T) {
	const toHost = "\x75\x38\x06\x16\x0c\xff\xff\xff\xff\x1a\x22" // breg5 56, deref, swap, const4u, and, plus
	for name, c := range map[string]struct{ expr, want string }{
		"a register":                              {"\x50", "\x50"},
		"an address in the guest's memory":        {"\x78\x00\x23\x0c" + toHost, "\x78\x00\x23\x0c" + toHost},
		"pieces":                                  {"\x52\x93\x04\x58\x93\x04", "\x52\x93\x04\x58\x93\x04"},
		"pieces with an address's end":            {"\x52\x93\x04\x58\x93\x04" + toHost, "\x52\x93\x04\x58\x93\x04"},
		"an address in the middle of two pieces":  {"\x78\x00" + toHost + "\x93\x04\x50\x93\x04", "\x78\x00" + toHost + "\x93\x04\x50\x93\x04"},
		"an operation that is not known":          {"\x93\x04\xe0" + toHost, "\x93\x04\xe0" + toHost},
		"an operation whose operand is not there": {"\x93\x04\x0c\xff", "\x93\x04\x0c\xff"},
		"nothing": {"", ""},
	} {
		if got := (translator{}).translate([]byte(c.expr)); string(got) != c.want {
			t.Errorf("%s: %x, want %x", name, got, c.want)
		}
	}
}

func TestTrapsAreReachedByOneJump(t *testing.T) {
	text := []byte("\x90" +
		"\x0f\x84\x07\x00\x00\x00" + // at 1: to 14
		"\x0f\x8c\x03\x00\x00\x00" + // at 7: to 16
		"\x90" + // 13
		"\x0f\x0b" + // 14
		"\x0f\x0b" + // 16
		"\x0f\x85\xf8\xff\xff\xff" + // at 18: to 16
		"\x0f\x0b") // 24, reached by no jump
	traps := binary.LittleEndian.AppendUint32(nil, 3)
	for _, at := range []uint32{14, 16, 24} {
		traps = binary.LittleEndian.AppendUint32(traps, at)
	}
	got := trapJumps(elf.EM_X86_64, text, traps, 1000)
	if len(got) != 1 || got[0] != (trapJump{1001, 1014}) {
		t.Errorf("got %v", got)
	}
}
