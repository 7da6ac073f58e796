package symbol

import (
	"errors"
	"sync/atomic"
)

// errBudget is what a reader says when sections refer to the same bytes again and
// again, or when what they describe would take too much memory.
var errBudget = errors.New("it is too large, or refers to the same bytes too often")

// budget bounds what a table takes: memory, and bytes that are read more than once.
type budget struct{ left atomic.Int64 }

func newBudget(n int64) *budget {
	b := &budget{}
	b.left.Store(n)
	return b
}

// spend takes n; it fails if that much is not left.
func (b *budget) spend(n int) error {
	if b.left.Add(-int64(n)) < 0 {
		return errBudget
	}
	return nil
}
