package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/scheduler"
)

// numbers gives invocations numbers that no other of the cluster has. It reserves them by
// the block, so that it does not have to ask for each.
type numbers struct {
	bus *bus.Bus

	mu    sync.Mutex
	next  uint32
	left  int
	until time.Time // when the block may not be used any more
}

// Blocks have so many even numbers below 1<<31.
const (
	blockSize = 4096
	blocks    = 1 << 31 / (2 * blockSize)
)

// draw draws a number.
func (n *numbers) draw(ctx context.Context) (scheduler.ID, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.left == 0 || time.Now().After(n.until) {
		block := 1 + rand.Uint32N(blocks-1) // the first has the 0, which is no number
		began := time.Now()
		usable, err := n.bus.Reserve(ctx, fmt.Sprint("numbers.", block))
		if errors.Is(err, bus.ErrTaken) {
			continue
		}
		if err != nil {
			return 0, err
		}
		n.next, n.left, n.until = block*2*blockSize, blockSize, began.Add(usable)
	}
	id := scheduler.ID(n.next)
	n.next += 2
	n.left--
	return id, nil
}

// reserve reserves a number that somebody asks for. The error is bus.ErrTaken if it is
// another's, or of a block that is.
func (n *numbers) reserve(ctx context.Context, id scheduler.ID) error {
	if id%2 == 0 && id < 1<<31 {
		if err := n.bus.ReserveAsked(ctx, fmt.Sprint("numbers.", uint32(id)/(2*blockSize))); err != nil {
			return err
		}
	}
	_, err := n.bus.Reserve(ctx, fmt.Sprint("number.", uint32(id)))
	return err
}
