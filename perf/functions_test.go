package perf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// place is an entry of a record of lines: the code from an offset in the image on.
type place struct {
	At     uint64
	File   string
	Line   uint32
	Column uint32
}

// loaded is what a dump says of a function, as the specification has it read.
type loaded struct {
	Name    string
	Address uint64
	Code    []byte
	Places  []place // at addresses
	Table   []byte  // .eh_frame
	Header  []byte  // .eh_frame_hdr
}

// readLoaded reads a dump without the code that writes it, and checks what can be said of
// its records by themselves.
func readLoaded(t *testing.T, dump []byte) []loaded {
	t.Helper()
	r := bytes.NewReader(dump)
	var h specHeader
	read(t, r, &h)
	var all []loaded
	var next loaded // of which only what comes before the code is known
	var described uint64
	last, numbers := h.Timestamp, make(map[uint64]bool)
	for r.Len() > 0 {
		var p specPrefix
		read(t, r, &p)
		if p.Timestamp < last || p.TotalSize < 16 || int(p.TotalSize)-16 > r.Len() {
			t.Fatalf("record %+v, with %d bytes left", p, r.Len())
		}
		last = p.Timestamp
		body := make([]byte, p.TotalSize-16)
		read(t, r, body)
		b := bytes.NewReader(body)
		switch p.ID {
		case 0:
			var l specLoad
			read(t, b, &l)
			next.Name, next.Address = readString(t, b), l.VMA
			next.Code, _ = io.ReadAll(b)
			if uint64(len(next.Code)) != l.CodeSize || l.CodeAddr != l.VMA || l.PID != uint32(os.Getpid()) || numbers[l.CodeIndex] || described != 0 && described != l.VMA {
				t.Errorf("%s: %+v, %d bytes, lines for 0x%x, its number was there: %v", next.Name, l, len(next.Code), described, numbers[l.CodeIndex])
			}
			numbers[l.CodeIndex] = true
			all = append(all, next)
			next, described = loaded{}, 0
		case 2:
			next.Places, described = readPlaces(t, b)
		case 4:
			var u specUnwinding
			read(t, b, &u)
			if u.DataSize != uint64(b.Len()) || u.HeaderSize > u.DataSize || u.MappedSize != 0 {
				t.Fatalf("unwinding %+v with %d bytes", u, b.Len())
			}
			next.Table = make([]byte, u.DataSize-u.HeaderSize)
			read(t, b, next.Table)
			next.Header, _ = io.ReadAll(b)
		case 3:
			if r.Len() > 0 || p.TotalSize != 16 {
				t.Errorf("the end has %d bytes, and %d behind it", p.TotalSize, r.Len())
			}
			return all
		default:
			t.Errorf("a record of kind %d", p.ID)
		}
	}
	t.Error("the dump has no end")
	return all
}

func readPlaces(t *testing.T, b *bytes.Reader) (all []place, code uint64) {
	t.Helper()
	var d specDebugInfo
	read(t, b, &d)
	for range d.Entries {
		var e specDebugEntry
		read(t, b, &e)
		all = append(all, place{e.CodeAddr, readString(t, b), e.Line, e.Discrim})
	}
	if b.Len() > 0 {
		t.Errorf("%d bytes behind %d lines", b.Len(), d.Entries)
	}
	return all, d.CodeAddr
}

func readString(t *testing.T, r *bytes.Reader) string {
	t.Helper()
	var s []byte
	for {
		c, err := r.ReadByte()
		if err != nil {
			t.Fatal(err)
		}
		if c == 0 {
			return string(s)
		}
		s = append(s, c)
	}
}

func TestDumpsOfFunctionsHaveAllOfEachAsTheSpecificationHasIt(t *testing.T) {
	for language, source := range languages() {
		t.Run(language, func(t *testing.T) {
			withCode(t, source, func(c Code) {
				names, err := c.names()
				if err != nil {
					t.Fatal(err)
				}
				elsewhere := c
				elsewhere.Base += 1 << 30
				all := readLoaded(t, dumpOf(t, c, elsewhere))
				if len(all) != 2*len(names) {
					t.Fatalf("%d functions, want %d twice", len(all), len(names))
				}
				for i, n := range names {
					checkLoaded(t, c, i, n, all[i])
					checkLoaded(t, elsewhere, i, n, all[len(names)+i])
				}
			})
		})
	}
}

// dumpOf returns a dump with functions.
func dumpOf(t *testing.T, codes ...Code) []byte {
	t.Helper()
	d, err := CreateDump(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codes {
		err = errors.Join(err, d.AddFunctions(c))
	}
	if err := errors.Join(err, d.Close()); err != nil {
		t.Fatal(err)
	}
	if err := d.AddFunctions(codes[0]); !errors.Is(err, errDumpClosed) {
		t.Errorf("a closed dump takes functions: %v", err)
	}
	return readFile(t, d.Dir(), fmt.Sprintf("jit-%d.dump", os.Getpid()))
}

// checkLoaded holds a function of a dump against the image's ith function.
func checkLoaded(t *testing.T, c Code, i int, n named, got loaded) {
	t.Helper()
	want := loaded{Name: n.name, Address: uint64(c.Base + n.start), Code: c.Image[n.start:n.end], Table: got.Table, Header: got.Header}
	if i < len(c.Map.Bodies) {
		for _, p := range c.pieces(c.Map.Bodies[i]) {
			if len(p.chain) == 0 || p.chain[0].File == "" || p.chain[0].Line == 0 {
				continue
			}
			l := p.chain[0]
			at := place{uint64(c.Base + p.start), l.File, uint32(l.Line), uint32(l.Column)}
			if k := len(want.Places); k == 0 {
				at.At = want.Address
			} else if before := want.Places[k-1]; (place{at.At, before.File, before.Line, before.Column}) == at {
				continue
			}
			want.Places = append(want.Places, at)
		}
		if k := len(want.Places); k > 0 {
			last := want.Places[k-1]
			last.At = uint64(c.Base + n.end)
			want.Places = append(want.Places, last)
		}
		if len(got.Table) == 0 {
			t.Errorf("%s has no unwind table", n.name)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-image +dump):\n%s", n.name, d)
	}
	if len(got.Table) > 0 {
		checkTable(t, got)
	}
}

// checkTable checks that a function's unwind table is found by its header, and has one
// entry for the whole function, as readers find it behind the function's code.
func checkTable(t *testing.T, f loaded) {
	t.Helper()
	le := binary.LittleEndian
	if len(f.Header) != 8 || !bytes.HasPrefix(f.Header, []byte{1, 0x1b, 0xff, 0xff}) || int32(le.Uint32(f.Header[4:])) != -int32(len(f.Table)+4) {
		t.Fatalf("%s: header % x behind %d bytes", f.Name, f.Header, len(f.Table))
	}
	at := (uint64(len(f.Code)) + 7) / 8 * 8
	frames, err := readFrames(f.Table, at)
	if err != nil || len(frames) != 1 || frames[0].code != 0 || le.Uint64(frames[0].bytes[16:]) != uint64(len(f.Code)) {
		t.Errorf("%s: the table has %+v, %v; want one entry for %d bytes", f.Name, frames, err, len(f.Code))
	}
}

func TestADumpMayHaveFunctionsAndTheImageToo(t *testing.T) {
	withCode(t, "perf/shares.c", func(c Code) {
		d, err := CreateDump(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(d.AddFunctions(c), d.AddImage(c, keep(t, c)), d.Close()); err != nil {
			t.Fatal(err)
		}
		mappings, err := ReadDump(filepath.Join(d.Dir(), fmt.Sprintf("jit-%d.dump", os.Getpid())))
		if err != nil || len(mappings) != 1 {
			t.Fatalf("mappings %v, %v; want the image alone", mappings, err)
		}
		names, err := c.names()
		if err != nil {
			t.Fatal(err)
		}
		// perf inject writes files of the functions' numbers beside it.
		if want := fmt.Sprintf("-%d.so", len(names)+1); !strings.HasSuffix(mappings[0].Object, want) {
			t.Errorf("the image's object is %s, want a number of its own: %s", mappings[0].Object, want)
		}
	})
}

func TestImagesThatAreDamagedAreNotAddedByFunctions(t *testing.T) {
	withCode(t, "perf/shares.c", func(c Code) {
		d, err := CreateDump(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for n := 0; n < len(c.Image); n += len(c.Image)/97 + 1 {
			cut := c
			cut.Image = c.Image[:n]
			if err := d.AddFunctions(cut); err == nil {
				t.Errorf("an image of %d bytes of %d is taken", n, len(c.Image))
			}
		}
	})
}
