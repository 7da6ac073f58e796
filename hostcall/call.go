package hostcall

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/faaslens/faaslens/guest"
)

// Guest is the running instance as a host call sees it.
type Guest interface {
	// Memory returns a fresh view of the guest's memory.
	Memory() Memory
	// Grow adds pages of 64 KiB to the memory and returns the number of pages
	// before. It is not ok if the guest's own maximum or its limit is in the
	// way; beyond the limit the invocation ends as well.
	Grow(pages uint32) (before uint32, ok bool)
	// CallExport runs an exported function of the guest and returns its first
	// result. It is an error if the guest does not export it in that shape.
	CallExport(name string, args ...guest.Value) (guest.Value, error)
	// MapFile maps a piece of a file over the guest's memory at an address, shared
	// with all who map it, until the invocation ends. Address, offset and length are
	// multiples of the host's page size.
	MapFile(addr uint32, fd int, offset int64, length uint32) error
	// Frames is the guest's stack, innermost first, from the function that made the
	// call. Nothing is done for it until it is asked for.
	Frames() []guest.Frame
	// Context ends when the invocation is cancelled or its deadline passes.
	// A call that waits must wait on it too.
	Context() context.Context
}

// Call is one host call in flight. The engine reuses it: nothing of it may be kept.
type Call struct {
	Spec   *Spec
	Guest  Guest
	Memory Memory
	// State is the invocation's state of the set that the call belongs to.
	State any

	args   []guest.Value
	bytes  [maxParams][]byte
	vecs   [][]byte
	filled uint32
	spans  []Span // extents handed out by Slice, while somebody looks

	observer Observer // who looks
}

// Span is an extent of guest memory.
type Span struct {
	Ptr, Len uint32
}

// Invoke runs the call with the given arguments, of which the first becomes the
// result: args has room for it even if the call takes none. states are the
// invocation's, in the order of the table's sets.
func (s *Spec) Invoke(c *Call, mem Memory, states []any, args []guest.Value) error {
	// All of this is one function: that it calls none but Do counts.
	c.Spec, c.Memory, c.args, c.filled = s, mem, args, 0
	if s.set < len(states) {
		c.State = states[s.set]
	}
	bad := -1
	for i := range s.pointers[:s.npointers] {
		p := &s.pointers[i]
		if p.size == 0 {
			if !c.resolve(int(p.param), &s.Params[p.param]) {
				bad = int(p.param)
				break
			}
			continue
		}
		ptr := uint64(uint32(args[p.at][0]))
		end := ptr + uint64(p.size)
		// That there are no bytes never is; the compiler then knows, and spares the
		// arithmetic by which an empty slice does not point behind the memory.
		if end > uint64(len(mem)) || ptr >= end {
			bad = int(p.param)
			break
		}
		c.bytes[p.param] = mem[ptr:end:end]
	}
	if c.observer != nil {
		return c.runObserved(bad)
	}
	if bad >= 0 {
		return c.fault(bad)
	}
	return s.Do(c)
}

// InvokeObserved is Invoke with an observer told before and after.
func (s *Spec) InvokeObserved(o Observer, c *Call, mem Memory, states []any, args []guest.Value) error {
	var kept [2 * maxParams]guest.Value
	n := copy(kept[:], args)
	c.spans, c.observer = c.spans[:0], o
	defer func() { c.observer = nil }() // after a panic too
	err := s.Invoke(c, mem, states, args)
	var result guest.Value
	if len(args) > 0 {
		result = args[0]
	}
	c.Spec, c.args, c.observer = s, kept[:n], nil
	o.Leave(c, result, err)
	return err
}

// runObserved tells the observer of the call and, unless that or a parameter that leads
// outside memory is in the way, runs it.
func (c *Call) runObserved(bad int) error {
	c.observer.Enter(c, bad)
	if g, ok := c.observer.(Guard); ok {
		if err := g.Admit(c); err != nil {
			return err
		}
	}
	if bad >= 0 {
		return c.fault(bad)
	}
	return c.Spec.Do(c)
}

func (c *Call) fault(i int) error {
	if r := c.Spec.FaultResult; r != 0 {
		c.SetResult(r)
		return nil
	}
	p := &c.Spec.Params[i]
	return &guest.Trap{
		Code: guest.TrapMemoryOutOfBounds,
		Message: fmt.Sprintf("%s.%s: argument %s at 0x%x is outside the memory of %s",
			c.Spec.Module, c.Spec.Name, p.Name, c.args[p.at].U32(), guest.FormatBytes(uint64(len(c.Memory)))),
	}
}

// resolve checks what a parameter points to and remembers it.
func (c *Call) resolve(i int, p *Param) bool {
	var ok bool
	ptr := c.args[p.at].U32()
	switch p.Kind {
	case InBytes, OutBytes:
		c.bytes[i], ok = c.Memory.Slice(ptr, c.args[p.at+1].U32())
	case InArray:
		c.bytes[i], ok = c.Memory.records(ptr, c.args[p.at+1].U32(), p.Size)
	case InRecords, OutRecords:
		c.bytes[i], ok = c.Memory.records(ptr, c.args[c.Spec.Params[p.Count].at].U32(), p.Size)
	case InVec, OutVec:
		ok = c.resolveVec(ptr, c.args[p.at+1].U32())
	case CString:
		c.bytes[i], ok = c.Memory.CString(ptr)
	default:
		return true
	}
	return ok
}

func (c *Call) resolveVec(ptr, n uint32) bool {
	c.vecs = c.vecs[:0]
	if n > maxVec {
		// The call answers EINVAL by Vec's second result.
		return true
	}
	pairs, ok := c.Memory.Slice(ptr, 8*n)
	if !ok {
		return false
	}
	for ; len(pairs) > 0; pairs = pairs[8:] {
		b, ok := c.Memory.Slice(binary.LittleEndian.Uint32(pairs), binary.LittleEndian.Uint32(pairs[4:]))
		if !ok {
			return false
		}
		c.vecs = append(c.vecs, b)
	}
	return true
}

// U32 is the number, pointer or handle in parameter i.
func (c *Call) U32(i int) uint32 { return uint32(c.args[c.Spec.at[i]][0]) }

// I32 is the signed number in parameter i.
func (c *Call) I32(i int) int32 { return int32(c.args[c.Spec.at[i]][0]) }

// U64 is the 64-bit number in parameter i.
func (c *Call) U64(i int) uint64 { return c.args[c.Spec.at[i]][0] }

// I64 is the signed 64-bit number in parameter i.
func (c *Call) I64(i int) int64 { return int64(c.args[c.Spec.at[i]][0]) }

// F64 is the number in parameter i.
func (c *Call) F64(i int) float64 { return math.Float64frombits(c.args[c.Spec.at[i]][0]) }

// Len is the length or count that parameter i, of two WebAssembly arguments,
// gives.
func (c *Call) Len(i int) uint32 { return uint32(c.args[c.Spec.at[i]+1][0]) }

// Bytes is the memory that parameter i points to: of its size, its length, or up to
// its NUL.
func (c *Call) Bytes(i int) []byte { return c.bytes[i] }

// String is a copy of Bytes.
func (c *Call) String(i int) string { return string(c.bytes[i]) }

// Vec is the buffers that the call's one InVec or OutVec lists. It is not ok if
// there are more than 1,024.
func (c *Call) Vec(i int) (_ [][]byte, ok bool) { return c.vecs, c.Len(i) <= maxVec }

// PutU32 writes a number to what the Out parameter i points to.
func (c *Call) PutU32(i int, v uint32) { binary.LittleEndian.PutUint32(c.bytes[i], v) }

// PutU64 writes a number to what the Out parameter i points to.
func (c *Call) PutU64(i int, v uint64) { binary.LittleEndian.PutUint64(c.bytes[i], v) }

// SetFilled says how many bytes of its OutBytes, OutVec or OutRecords the call filled.
func (c *Call) SetFilled(n uint32) { c.filled = n }

// Filled is what SetFilled was told.
func (c *Call) Filled() uint32 { return c.filled }

// SetResult sets what the call returns.
func (c *Call) SetResult(v uint64) { c.args[0] = guest.Value{v} }

// Slice gives a call of a Pointer parameter the memory that it is about to write.
func (c *Call) Slice(ptr, n uint32) ([]byte, bool) {
	b, ok := c.Memory.Slice(ptr, n)
	if ok && c.observer != nil {
		c.spans = append(c.spans, Span{ptr, n})
	}
	return b, ok
}

// Refresh takes a new view of memory, after the call grew it or ran the guest. What
// Bytes and Vec returned before is no longer valid.
func (c *Call) Refresh() { c.Memory = c.Guest.Memory() }
