package faasm

import (
	"context"
	"errors"
	"slices"

	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/state"
)

// hostPage is the unit in which memory is mapped. A WebAssembly page is a multiple of
// it.
const hostPage = 4096

// StateExtent is a piece of a value of state that is mapped into a guest's memory: the
// guest and all others on this host that map it see the same bytes.
type StateExtent struct {
	Key    string `json:"key"`
	Total  int64  `json:"total"`  // of the value, bytes
	Offset uint32 `json:"offset"` // of the piece in the value
	Length uint32 `json:"length"` // of the piece
	// Address is where the host's page that the piece begins in is in memory.
	Address uint32 `json:"address"`
}

// piece names what a guest asks for.
type piece struct {
	key       string
	offset, n uint32
}

func (e *StateExtent) piece() piece { return piece{e.Key, e.Offset, e.Length} }

// first is the offset of that page in the value, and size is of all pages, in bytes.
func (e *StateExtent) first() int64 { return int64(e.Offset) &^ (hostPage - 1) }
func (e *StateExtent) size() uint64 {
	return (uint64(e.Offset) + uint64(e.Length) - uint64(e.first()) + hostPage - 1) &^ (hostPage - 1)
}

// pointer is where the piece is in memory.
func (e *StateExtent) pointer() uint32 { return e.Address + uint32(int64(e.Offset)-e.first()) }

// pages are the memory that is set apart for it.
func (e *StateExtent) pages() extent {
	return extent{uint64(e.Address), uint64(e.Address) + pageUp(e.size())}
}

// mapState maps a piece of a value into the guest's memory. The same piece is mapped
// once.
func mapState(c *hostcall.Call, s *state.Session, ctx context.Context, offset, n uint32) error {
	inv := invocation(c)
	e := StateExtent{Key: c.String(0), Total: int64(c.U32(1)), Offset: offset, Length: n}
	if known, ok := inv.mapped[e.piece()]; ok {
		c.SetResult(uint64(known.pointer()))
		return nil
	}
	v, err := s.Value(ctx, e.Key, e.Total)
	if err != nil {
		return err
	}
	e.Total = v.Size()
	if err := v.Fetch(ctx, int64(offset), int64(n)); err != nil {
		return err
	}
	start, ok := reserve(c, pageUp(e.size()))
	if !ok {
		return errors.New("the function's memory has no room for it")
	}
	e.Address = uint32(start)
	inv.heap.pin(e.pages())
	if err := c.Guest.MapFile(e.Address, v.File(), e.first(), uint32(e.size())); err != nil {
		return err
	}
	inv.note(e)
	c.SetResult(uint64(e.pointer()))
	return nil
}

func (v *Invocation) note(e StateExtent) {
	if v.mapped == nil {
		v.mapped = make(map[piece]StateExtent)
	}
	v.mapped[e.piece()] = e
}

// Mapped is what of the state is in the guest's memory, by address.
func (v *Invocation) Mapped() []StateExtent {
	var all []StateExtent
	for _, e := range v.mapped {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b StateExtent) int { return int(int64(a.Address) - int64(b.Address)) })
	return all
}

// HoldsLocks reports whether the guest holds locks of values.
func (v *Invocation) HoldsLocks() bool { return v.session != nil && v.session.HoldsLocks() }

// Remap has the invocation start with a piece of state in its memory. The file, from the
// offset on, is to be mapped at the extent's address for size bytes; it is valid until
// Close. It is an error if the value cannot be had as it was.
func (v *Invocation) Remap(ctx context.Context, e StateExtent) (fd int, offset int64, size uint32, err error) {
	if v.cfg.State == nil {
		return 0, 0, 0, errors.New("there is no state here")
	}
	value, err := v.state().Value(ctx, e.Key, e.Total)
	if err != nil {
		return 0, 0, 0, err
	}
	if err := value.Fetch(ctx, int64(e.Offset), int64(e.Length)); err != nil {
		return 0, 0, 0, err
	}
	v.heap.pin(e.pages())
	v.note(e)
	return value.File(), e.first(), uint32(e.size()), nil
}
