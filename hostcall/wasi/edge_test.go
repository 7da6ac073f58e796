package wasi

import (
	"bytes"
	"context"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
)

// edges are the arguments of a hostile guest.
var edges = []uint64{
	0, 1, 2, 3, 4, 5, 8, 64, 0xffff, argsAt, memSize - 64, memSize - 1, memSize, memSize + 1,
	1 << 30, 1<<31 - 1, 1 << 31, math.MaxUint32 - 1, math.MaxUint32, 1 << 62, 1<<63 - 1, 1 << 63, math.MaxUint64,
}

// A hostile guest beside a well-behaved one, over roots of their own: every call
// with every edge in every place, and what the other reads, prints and finds in its
// directory stays as it was.
func TestEdgeArgumentsHarmNobody(t *testing.T) {
	hostileDir, goodDir := t.TempDir(), t.TempDir()
	touch(t, hostileDir, "f")
	touch(t, goodDir, "f")
	before := snapshot(t, goodDir)
	var goodOut bytes.Buffer
	good := newRig(t, Config{Stdout: &goodOut, Preopens: []Preopen{{Guest: "/", Root: openRoot(t, goodDir)}}})
	bad := newRig(t, Config{
		Args: []string{"a"}, Env: []string{"B=c"}, Stdin: strings.NewReader("input"), Stdout: io.Discard, Stderr: io.Discard,
		Preopens: []Preopen{{Guest: "/", Root: openRoot(t, hostileDir), ReadOnly: true}},
	})
	bad.mem = make([]byte, memSize)
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // what would wait does not
	bad.ctx = ctx
	rng := rand.New(rand.NewPCG(1, 2))
	fd := good.mustOpen("f", 0, rightFDRead, 0)
	states := []any{&bad.sys}
	for _, s := range Calls().Specs {
		spec := bad.table.Lookup(Module, s.Name)
		n := len(spec.Type().Params)
		args := make([]guest.Value, max(n, 1))
		call := func() {
			_ = spec.Invoke(&bad.call, bad.mem, states, args)
		}
		// Each edge in each place, beside plausible others; then all at random.
		for i := range n {
			for _, edge := range edges {
				for j := range args {
					args[j] = guest.Value{[]uint64{3, 0, argsAt, 8, 0x1000, 0x1000, 8}[j%7]}
				}
				args[i] = guest.Value{edge}
				call()
			}
		}
		for range 500 {
			for j := range args {
				args[j] = guest.Value{edges[rng.IntN(len(edges))], rng.Uint64()}
			}
			call()
			copy(bad.mem[argsAt:], "f/../f\x00") // random_get may have gone over it
		}
		if e := good.do("fd_seek", fd, 0, whenceSet, out64(0)); e != SUCCESS {
			t.Fatalf("after %s, fd_seek = %v", s.Name, e)
		}
		if got, e := good.read(fd, 100); got != "content" || e != SUCCESS {
			t.Fatalf("after %s, the other guest reads %q, %v", s.Name, got, e)
		}
		good.write(1, ".")
	}
	if goodOut.String() != strings.Repeat(".", len(Calls().Specs)) {
		t.Errorf("the other guest printed %q", &goodOut)
	}
	if diff := cmp.Diff(before, snapshot(t, goodDir)); diff != "" {
		t.Errorf("the other guest's directory (-before +after):\n%s", diff)
	}
}
