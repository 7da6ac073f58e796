package wasi

import (
	"encoding/binary"

	"github.com/faaslens/faaslens/hostcall"
)

func (s *System) argsSizesGet(c *hostcall.Call) Errno { return stringSizes(c, s.cfg.Args) }

func (s *System) argsGet(c *hostcall.Call) Errno { return putStrings(c, s.cfg.Args) }

func (s *System) environSizesGet(c *hostcall.Call) Errno { return stringSizes(c, s.cfg.Env) }

func (s *System) environGet(c *hostcall.Call) Errno { return putStrings(c, s.cfg.Env) }

// stringSizes says how many strings there are and how many bytes they take with
// their NULs.
func stringSizes(c *hostcall.Call, list []string) Errno {
	n := bufferSize(list)
	if n > 1<<31 {
		return EOVERFLOW
	}
	c.PutU32(0, uint32(len(list)))
	c.PutU32(1, uint32(n))
	return SUCCESS
}

func bufferSize(list []string) uint64 {
	n := uint64(0)
	for _, s := range list {
		n += uint64(len(s)) + 1
	}
	return n
}

// putStrings writes the strings, NUL-terminated, to the buffer of the second
// parameter and pointers to them to the array of the first.
func putStrings(c *hostcall.Call, list []string) Errno {
	size := bufferSize(list)
	if size > 1<<31 || len(list) > 1<<29 {
		return EOVERFLOW
	}
	pointers, ok := c.Slice(c.U32(0), 4*uint32(len(list)))
	if !ok {
		return EFAULT
	}
	at := c.U32(1)
	buf, ok := c.Slice(at, uint32(size))
	if !ok {
		return EFAULT
	}
	for i, s := range list {
		binary.LittleEndian.PutUint32(pointers[4*i:], at)
		n := copy(buf, s)
		buf[n] = 0
		buf = buf[n+1:]
		at += uint32(n) + 1
	}
	return SUCCESS
}
