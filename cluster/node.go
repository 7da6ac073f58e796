package cluster

import (
	"fmt"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/scheduler"
)

// node is what is known of an invocation and of those that it chained, on the bus.
type node struct {
	ID       scheduler.ID      `json:"id"`
	Parent   scheduler.ID      `json:"parent,omitempty"`
	Function guest.Name        `json:"function"`
	Pointer  *uint32           `json:"pointer,omitempty"`
	Python   faasm.Python      `json:"python,omitzero"`
	Input    []byte            `json:"input,omitempty"`
	Host     string            `json:"host,omitempty"`
	Worker   int               `json:"worker"`
	Status   scheduler.Status  `json:"status"`
	Times    scheduler.Times   `json:"times"`
	Result   *scheduler.Result `json:"result,omitempty"`
	IDs      []scheduler.ID    `json:"chained,omitempty"`
	Chained  []*node           `json:"nodes,omitempty"` // nil where only their numbers are told
}

// maxText is how many bytes of each input and output another member is told, but for those
// of the invocation that it asked for.
const maxText = 4 << 10

// nodeOf is a graph as the bus has it, with all that its root gave.
func nodeOf(n *scheduler.Node) *node {
	v := innerNode(n)
	v.Result = n.Result
	return v
}

// invocationNode is an invocation without those that it chained.
func invocationNode(i *scheduler.Invocation) *node {
	return &node{ID: i.ID, Parent: i.Parent, Function: i.Request.Function, Pointer: i.Request.Pointer, Python: i.Request.Python,
		Host: i.Host, Worker: i.Worker, Status: i.Status, Times: i.Times, Result: i.Result, IDs: i.Chained}
}

func innerNode(n *scheduler.Node) *node {
	v := invocationNode(&n.Invocation)
	v.Input = clip(n.Request.Input)
	if r := n.Result; r != nil {
		short := *r
		short.Output, short.Stdout, short.Stderr = clip(r.Output), clip(r.Stdout), clip(r.Stderr)
		v.Result = &short
	}
	for _, m := range n.Chained {
		v.Chained = append(v.Chained, innerNode(m))
	}
	return v
}

func clip(b []byte) []byte { return b[:min(len(b), maxText)] }

func (n *node) invocation() scheduler.Invocation {
	return scheduler.Invocation{
		ID: n.ID, Parent: n.Parent, Host: n.Host, Worker: n.Worker, Status: n.Status, Times: n.Times, Result: n.Result, Chained: n.IDs,
		Request: &scheduler.Request{ID: n.ID, Function: n.Function, Pointer: n.Pointer, Python: n.Python, Input: n.Input},
	}
}

func (n *node) node() *scheduler.Node {
	v := &scheduler.Node{Invocation: n.invocation()}
	for _, m := range n.Chained {
		v.Chained = append(v.Chained, m.node())
	}
	return v
}

// check reports what is wrong with a graph that another member sent.
func (n *node) check() error {
	if n.Status > scheduler.Done || (n.Status == scheduler.Done) != (n.Result != nil) {
		return fmt.Errorf("what is told of the invocation %d contradicts itself", n.ID)
	}
	for _, m := range n.Chained {
		if m == nil {
			return fmt.Errorf("what is told of the invocation %d has holes", n.ID)
		}
		if err := m.check(); err != nil {
			return err
		}
	}
	return nil
}

// shift moves the times of a graph from a clock that is ahead to this process's.
func (n *node) shift(ahead time.Duration) {
	if ahead == 0 {
		return
	}
	for _, t := range []*time.Time{&n.Times.Queued, &n.Times.Started, &n.Times.Finished} {
		if !t.IsZero() {
			*t = t.Add(-ahead)
		}
	}
	for _, m := range n.Chained {
		m.shift(ahead)
	}
}
