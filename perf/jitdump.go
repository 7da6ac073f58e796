package perf

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// Dump is a jitdump file of this process (Linux, tools/perf/Documentation,
// jitdump-specification.txt).
//
// It tells of code in one of two ways, or in both. [Dump.AddFunctions] writes what any
// reader of such files understands. perf inject makes an ELF file out of each record of
// loaded code, one for a function, with one symbol, and an image has thousands. So
// [Dump.AddImage] says that code moved (JIT_CODE_MOVE): for these records perf inject
// takes the file jitted-PID-INDEX.so to be there already, and it is, with everything that
// is known of an image. Where both were added, the later counts for perf.
//
// A Dump may be used by several goroutines.
type Dump struct {
	dir    string
	mu     sync.Mutex
	file   *os.File
	marker []byte            // the file in memory, by which perf finds it
	last   uint64            // the number of a function or of an object that was given last
	added  map[string]uint64 // numbers of objects
}

// Records of a dump.
const (
	recordLoad      = 0
	recordMove      = 1
	recordLines     = 2
	recordClose     = 3
	recordUnwinding = 4
	recordHeader    = 16 // bytes
)

var errDumpClosed = errors.New("add to a jitdump: it is closed")

const dumpMagic = 0x4a695444

// CreateDump starts the dump of this process in a directory, which is made if need be,
// for its user alone.
func CreateDump(dir string) (*Dump, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("create a jitdump: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create a jitdump: %w: set JITDUMPDIR to a directory that can be written", err)
	}
	path := filepath.Join(dir, fmt.Sprintf("jit-%d.dump", os.Getpid()))
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create a jitdump: %w: set JITDUMPDIR to a directory that can be written", err)
	}
	d := &Dump{dir: dir, file: f, added: make(map[string]uint64)}
	var b bytes.Buffer
	const version, size = 1, 40
	put(&b, uint32(dumpMagic), uint32(version), uint32(size), uint32(machine()), uint32(0), uint32(os.Getpid()), now(), uint64(0))
	if _, err := f.Write(b.Bytes()); err != nil {
		f.Close()
		return nil, fmt.Errorf("write a jitdump: %w", err)
	}
	// perf records executable mappings, and knows a dump by its name among them.
	d.marker, err = unix.Mmap(int(f.Fd()), 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_EXEC, unix.MAP_PRIVATE)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("map %s for perf to see: %w: set JITDUMPDIR to a directory from which programs may be run", path, err)
	}
	return d, nil
}

// now is the time on the clock that perf record -k 1 uses.
func now() uint64 {
	var t unix.Timespec
	// It cannot fail: every Linux has this clock.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return uint64(t.Nano())
}

// machine is the processor's number in ELF files.
func machine() elf.Machine {
	if runtime.GOARCH == "arm64" {
		return elf.EM_AARCH64
	}
	return elf.EM_X86_64
}

// Dir is where the dump and what belongs to it are.
func (d *Dump) Dir() string { return d.dir }

// AddImage says that from now on code is in memory. The object is the path of what
// WriteObject wrote for it; it is linked into the dump's directory, or copied there.
func (d *Dump) AddImage(c Code, object string) error {
	image, err := elf.NewFile(bytes.NewReader(c.Image))
	if err != nil {
		return fmt.Errorf("add to a jitdump: read the compiled image: %w", err)
	}
	text, err := c.text(image)
	if err != nil {
		return fmt.Errorf("add to a jitdump: %w", err)
	}
	base, size := uint64(c.Base)+text.Offset, text.Size
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file == nil {
		return errDumpClosed
	}
	index, ok := d.added[object]
	if !ok {
		d.last++
		index = d.last
		path := filepath.Join(d.dir, objectName(os.Getpid(), index))
		if err := linkOrCopy(object, path); err != nil {
			return fmt.Errorf("add to a jitdump: %w", err)
		}
		d.added[object] = index
	}
	b, at := beginRecord(nil, recordMove)
	b = appendUint32s(b, uint32(os.Getpid()), uint32(unix.Gettid()))
	// Nowhere is where the code was before: readers other than perf, who look for a
	// function there, do not take the image for one of its functions.
	const nowhere = 0
	b = endRecord(appendUint64s(b, base, nowhere, base, size, index), at)
	if _, err := d.file.Write(b); err != nil {
		return fmt.Errorf("write a jitdump: %w", err)
	}
	return nil
}

// objectName is where perf inject looks for the code of a record.
func objectName(pid int, index uint64) string { return fmt.Sprintf("jitted-%d-%d.so", pid, index) }

// Close ends the dump.
func (d *Dump) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.file == nil {
		return nil
	}
	b, at := beginRecord(nil, recordClose)
	_, err := d.file.Write(endRecord(b, at))
	err = errors.Join(err, unix.Munmap(d.marker), d.file.Close())
	d.file = nil
	return err
}
