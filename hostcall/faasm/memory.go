package faasm

import (
	"io"

	"github.com/faaslens/faaslens/hostcall"
)

func memoryCalls() []hostcall.Spec {
	hex := func(name string) hostcall.Param {
		return hostcall.Param{Name: name, Kind: hostcall.Int32, Show: showPointer}
	}
	prot := hostcall.Param{Name: "prot", Kind: hostcall.Int32, Show: func(v uint64) string {
		return showFlags(v, "PROT_NONE", flag{1, "PROT_READ"}, flag{2, "PROT_WRITE"}, flag{4, "PROT_EXEC"})
	}}
	flags := hostcall.Param{Name: "flags", Kind: hostcall.Int32, Show: func(v uint64) string {
		return showFlags(v, "0", flag{1, "MAP_SHARED"}, flag{2, "MAP_PRIVATE"}, flag{mapFixed, "MAP_FIXED"}, flag{mapAnonymous, "MAP_ANONYMOUS"})
	}}
	return []hostcall.Spec{
		call("mmap", pointer(), mmap, hex("addr"),
			hostcall.Param{Name: "length", Kind: hostcall.Int32, Show: showSize}, prot, flags,
			number("fd"), hostcall.Param{Name: "offset", Kind: hostcall.Int64}),
		call("munmap", i32(), munmap, hex("addr"), hostcall.Param{Name: "length", Kind: hostcall.Int32, Show: showSize}),
		call("__sbrk", pointer(), sbrk, number("increment")),
		call("bzero", none(), zero, bytesOut("s")),
		call("explicit_bzero", none(), zero, bytesOut("s")),
	}
}

// Bits of mmap's flags, as wasi-libc's sys/mman.h has them.
const (
	mapFixed     = 0x10
	mapAnonymous = 0x20
)

// mmap grows the guest's memory by whole pages, and fills them from a file if it
// is given one. The address is only a hint and is ignored, as in Faasm.
//
// Unlike Faasm's, it reads a file from the offset asked for instead of from its
// start, lets MAP_ANONYMOUS win over a descriptor, refuses an address that is more
// than a hint, and answers MAP_FAILED where Faasm ends the function.
func mmap(c *hostcall.Call) error {
	addr, length, flags, fd, offset := c.U32(0), c.U32(1), c.U32(3), c.I32(4), c.I64(5)
	c.SetResult(failed)
	if length == 0 || flags&mapFixed != 0 && addr != 0 || offset < 0 {
		return nil
	}
	size := pageUp(uint64(length))
	start, ok := reserve(c, size)
	if !ok {
		return nil
	}
	if fd != -1 && flags&mapAnonymous == 0 {
		ok, err := readFile(c, fd, extent{start, start + uint64(length)}, offset)
		if err != nil {
			return err
		}
		if !ok {
			invocation(c).heap.release(extent{start, start + size})
			return nil
		}
	}
	c.SetResult(start)
	return nil
}

// reserve maps size bytes, whole pages, of zeroes.
func reserve(c *hostcall.Call, size uint64) (start uint64, ok bool) {
	h := &invocation(c).heap
	h.follow(uint64(len(c.Memory)))
	start, stale, ok := h.place(c.Guest, size)
	c.Refresh()
	return start, ok && clearStale(c, stale)
}

func clearStale(c *hostcall.Call, e extent) bool {
	if e.start == e.end {
		return true
	}
	b, ok := c.Slice(uint32(e.start), uint32(e.end-e.start))
	clear(b)
	return ok
}

// maxRead bounds one read from a file, so that a cancelled invocation ends soon.
const maxRead = 1 << 20

// readFile fills the extent from an open file; what lies behind its end stays zero.
func readFile(c *hostcall.Call, fd int32, e extent, offset int64) (ok bool, err error) {
	files := invocation(c).cfg.Files
	if files == nil {
		return false, nil
	}
	for e.start < e.end {
		if err := c.Guest.Context().Err(); err != nil {
			return false, err
		}
		b, ok := c.Slice(uint32(e.start), uint32(min(e.end-e.start, maxRead)))
		if !ok {
			return false, nil
		}
		n, err := files.ReadAt(fd, b, offset)
		n = max(0, min(n, len(b)))
		e.start, offset = e.start+uint64(n), offset+int64(n)
		if err == io.EOF || err == nil && n == 0 {
			return true, nil
		}
		if err != nil || offset < 0 {
			return false, nil
		}
	}
	return true, nil
}

// munmap takes pages back. Memory never shrinks, so that they are kept for the next
// mmap or sbrk, which see zeroes. Faasm reclaims pages at the break only; this keeps
// holes as well, and answers -1 for bad arguments where Faasm ends the function.
func munmap(c *hostcall.Call) error {
	addr, size := uint64(c.U32(0)), pageUp(uint64(c.U32(1)))
	c.SetResult(failed)
	if addr%pageSize != 0 || addr+size > uint64(len(c.Memory)) {
		return nil
	}
	h := &invocation(c).heap
	h.follow(uint64(len(c.Memory)))
	if h.isPinned(extent{addr, addr + size}) {
		return nil
	}
	h.release(extent{addr, addr + size})
	c.SetResult(0)
	return nil
}

// sbrk moves the break and returns where it was. Faasm takes whole pages only and
// ends the function where the break cannot move; this takes any increment and
// answers -1, which makes malloc fail.
func sbrk(c *hostcall.Call) error {
	h := &invocation(c).heap
	h.follow(uint64(len(c.Memory)))
	old, stale, ok := h.move(c.Guest, c.I32(0))
	c.Refresh()
	if !ok || !clearStale(c, stale) {
		c.SetResult(failed)
		return nil
	}
	c.SetResult(old)
	return nil
}

func zero(c *hostcall.Call) error {
	b := c.Bytes(0)
	clear(b)
	c.SetFilled(uint32(len(b)))
	return nil
}
