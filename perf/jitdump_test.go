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

	"golang.org/x/sys/unix"
)

// Records as the specification has them (jitdump-specification.txt, III to VIII), read
// without the code that writes them.
type (
	specHeader struct {
		Magic, Version, TotalSize, ElfMach, Pad1, PID uint32
		Timestamp, Flags                              uint64
	}
	specPrefix struct {
		ID, TotalSize uint32
		Timestamp     uint64
	}
	specLoad struct {
		PID, TID                           uint32
		VMA, CodeAddr, CodeSize, CodeIndex uint64
	}
	specDebugInfo  struct{ CodeAddr, Entries uint64 }
	specDebugEntry struct {
		CodeAddr      uint64
		Line, Discrim uint32
	}
	specUnwinding struct{ DataSize, HeaderSize, MappedSize uint64 }
	specMove      struct {
		PID, TID                                   uint32
		VMA, OldCode, NewCode, CodeSize, CodeIndex uint64
	}
)

func monotonic(t *testing.T) uint64 {
	t.Helper()
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		t.Fatal(err)
	}
	return uint64(ts.Nano())
}

func TestDumpsAreAsTheSpecificationHasThem(t *testing.T) {
	withCode(t, "perf/shares.c", func(c Code) {
		kept := keep(t, c)
		began := monotonic(t)
		d, err := CreateDump(filepath.Join(t.TempDir(), "a", "b"))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(d.Dir(), fmt.Sprintf("jit-%d.dump", os.Getpid()))
		checkMarker(t, path, true)
		elsewhere := c
		elsewhere.Base += 1 << 30
		for _, code := range []Code{c, elsewhere} {
			if err := d.AddImage(code, kept); err != nil {
				t.Fatal(err)
			}
		}
		mappings, err := ReadDump(path)
		if err != nil || len(mappings) != 2 {
			t.Errorf("an unfinished dump has the mappings %v, %v; want two", mappings, err)
		}
		if err := errors.Join(d.Close(), d.Close()); err != nil {
			t.Fatal(err)
		}
		checkMarker(t, path, false)
		if err := d.AddImage(c, kept); err == nil {
			t.Error("a closed dump takes code")
		}
		r := bytes.NewReader(readFile(t, path))
		var h specHeader
		read(t, r, &h)
		if h.Magic != 0x4A695444 || h.Version != 1 || h.TotalSize != 40 || h.PID != uint32(os.Getpid()) || h.Flags != 0 || h.Timestamp < began {
			t.Errorf("header %+v", h)
		}
		last := h.Timestamp
		text := textOf(t, c)
		for i, code := range []Code{c, elsewhere} {
			var p specPrefix
			var m specMove
			read(t, r, &p)
			read(t, r, &m)
			if p.ID != 1 || p.TotalSize != 64 || p.Timestamp < last || p.Timestamp > monotonic(t) {
				t.Errorf("record %d: %+v", i, p)
			}
			last = p.Timestamp
			if want := uint64(code.Base) + text; m.NewCode != want || m.VMA != want || m.CodeIndex != 1 || m.PID != uint32(os.Getpid()) || m.CodeSize == 0 {
				t.Errorf("record %d: %+v; want code at 0x%x, and the same object for both", i, m, want)
			}
			if i < len(mappings) && (mappings[i].Start != m.NewCode || mappings[i].Size != m.CodeSize) {
				t.Errorf("mapping %d: %+v, the record %+v", i, mappings[i], m)
			}
		}
		var end specPrefix
		read(t, r, &end)
		if end.ID != 3 || end.TotalSize != 16 || r.Len() != 0 {
			t.Errorf("the end is %+v, with %d bytes behind it", end, r.Len())
		}
		linked := readFile(t, d.Dir(), fmt.Sprintf("jitted-%d-1.so", os.Getpid()))
		if !bytes.Equal(linked, readFile(t, kept)) || !bytes.Equal(linked, readFile(t, mappings[0].Object)) {
			t.Error("the object beside the dump is another")
		}
	})
}

func read(t *testing.T, r io.Reader, v any) {
	t.Helper()
	if err := binary.Read(r, binary.LittleEndian, v); err != nil {
		t.Fatal(err)
	}
}

// checkMarker checks whether a file is in memory as code, which is what perf sees of it.
func checkMarker(t *testing.T, path string, want bool) {
	t.Helper()
	found := false
	for line := range strings.Lines(string(readFile(t, "/proc/self/maps"))) {
		found = found || strings.HasSuffix(strings.TrimSpace(line), path) && strings.Contains(line, "r-xp")
	}
	if found != want {
		t.Errorf("%s is in memory as code: %v, want %v", path, found, want)
	}
}

func TestDumpsThatCannotBeWrittenSayWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateDump(filepath.Join(file, "dir")); err == nil || !strings.Contains(err.Error(), "JITDUMPDIR") {
		t.Errorf("below a file: %v", err)
	}
	dir := t.TempDir()
	if err := os.Symlink(file, filepath.Join(dir, fmt.Sprintf("jit-%d.dump", os.Getpid()))); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateDump(dir); err == nil {
		t.Error("a link in place of the dump is followed")
	}
}

func TestMapsHaveEveryFunctionAtItsAddress(t *testing.T) {
	withCode(t, "perf/shares.cpp", func(c Code) {
		dir := t.TempDir()
		path := filepath.Join(dir, fmt.Sprintf("perf-%d.map", os.Getpid()))
		if err := os.WriteFile(path, []byte("of an earlier process"), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := CreateMap(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(m.Add(c), m.Close()); err != nil {
			t.Fatal(err)
		}
		names, err := c.names()
		if err != nil {
			t.Fatal(err)
		}
		var want strings.Builder
		for _, n := range names {
			fmt.Fprintf(&want, "%x %x %s\n", uint64(c.Base+n.start), uint64(n.end-n.start), n.name)
		}
		if got := string(readFile(t, path)); got != want.String() || !strings.Contains(got, " work::Counter::big(unsigned int)\n") || !strings.Contains(got, "trampoline") {
			t.Errorf("map:\n%s", got)
		}
	})
	if _, err := CreateMap(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "jitdump") {
		t.Errorf("in no directory: %v", err)
	}
}

func FuzzParseDump(f *testing.F) {
	var b bytes.Buffer
	put(&b, specHeader{Magic: dumpMagic, Version: 1, TotalSize: 40}, specPrefix{ID: 1, TotalSize: 64}, specMove{NewCode: 1, CodeSize: 2, CodeIndex: 3}, specPrefix{ID: 3, TotalSize: 16})
	f.Add(b.Bytes())
	f.Add(b.Bytes()[:70])
	f.Fuzz(func(t *testing.T, b []byte) {
		all, err := parseDump(b, "dir")
		if err == nil && len(all) > len(b)/recordHeader {
			t.Errorf("%d mappings in %d bytes", len(all), len(b))
		}
	})
}

func FuzzReadFrames(f *testing.F) {
	common := []byte("\x14\x00\x00\x00\x00\x00\x00\x00\x01zR\x00\x01\x78\x10\x01\x10\x0c\x07\x08\x90\x01\x00\x00")
	entry := append([]byte("\x14\x00\x00\x00\x1c\x00\x00\x00"), make([]byte, 16)...)
	f.Add(append(append([]byte(nil), common...), entry...))
	f.Add(common)
	f.Fuzz(func(t *testing.T, b []byte) {
		frames, err := readFrames(b, 0x1000)
		if err == nil && len(frames) > len(b)/8 {
			t.Errorf("%d entries in %d bytes", len(frames), len(b))
		}
	})
}
