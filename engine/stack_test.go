package engine

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// forest is a module of functions that call each other in a fixed order, with few and
// many arguments and locals, some of them only by tail calls. Each names its callees, so
// that a stack can be checked frame by frame. "run" goes on for ever.
func forest() string {
	const functions = 12
	params := func(i int) int { return []int{1, 4, 9, 20}[i%4] } // nine and more take the stack
	var b strings.Builder
	b.WriteString(`(module (memory (export "memory") 1)`)
	// call is the instruction that calls function to from another, one level deeper.
	call := func(how string, to int) string {
		args := `(i32.sub (local.get 0) (i32.const 1))`
		for k := 1; k < params(to); k++ {
			args += fmt.Sprintf(` (i32.add (local.get 0) (i32.const %d))`, k)
		}
		return fmt.Sprintf(`(%s $f%d %s)`, how, to, args)
	}
	for i := range functions {
		fmt.Fprintf(&b, `(func $f%d`, i)
		for range params(i) {
			b.WriteString(` (param i32)`)
		}
		b.WriteString(` (result i32) (local $n i32)`)
		for range i * 2 {
			b.WriteString(` (local i64)`)
		}
		b.WriteString(`(if (i32.eqz (local.get 0)) (then (return (i32.const 1))))`)
		for k := range i * 2 { // keeps the locals alive across the calls
			fmt.Fprintf(&b, `(local.set %d (i64.load (i32.const %d)))`, params(i)+1+k, 8*k)
		}
		if i%3 == 2 {
			b.WriteString(call("return_call", (i+5)%functions))
		} else {
			fmt.Fprintf(&b, `(local.set $n (i32.add %s %s))`, call("call", (i+1)%functions), call("call", (i+7)%functions))
			for k := range i * 2 {
				fmt.Fprintf(&b, `(i64.store (i32.const %d) (i64.add (local.get %d) (i64.extend_i32_u (local.get $n))))`, 8*k, params(i)+1+k)
			}
			b.WriteString(`(local.get $n)`)
		}
		b.WriteString(`)`)
	}
	b.WriteString(`(func (export "run") (loop $l (drop (call $f0 (i32.const 60))) (br $l))))`)
	return b.String()
}

// callees are the functions that may be found running where one was called, by the
// tail calls in it.
func callees(m *wasm.Module, f guest.FuncIndex) []guest.FuncIndex {
	all := []guest.FuncIndex{f}
	for n := 0; n < len(all); n++ {
		body, _ := m.Body(all[n])
		code := m.Bytes()[body.Offset:body.End()]
		if code[len(code)-1] != 0x0b {
			continue
		}
		// The tail call is the last instruction before the end.
		if k := len(code) - 3; k >= 0 && code[k] == 0x12 && int(code[k+1]) < len(m.Bodies) {
			all = append(all, guest.FuncIndex(code[k+1]))
		}
		if len(all) > len(m.Bodies) {
			break
		}
	}
	return all
}

// checkStack says what is wrong with a stack of the forest: every frame must be at a call
// of the one inside it.
func checkStack(m *wasm.Module, frames []guest.Frame) error {
	if len(frames) == 0 {
		return errors.New("no frames")
	}
	for i, f := range frames {
		body, ok := m.Body(f.Func)
		if !ok || f.Offset < body.Offset || f.Offset >= body.End() {
			return fmt.Errorf("frame %d, %+v, lies outside its function", i, f)
		}
		if i == 0 {
			continue
		}
		code := m.Bytes()[f.Offset:body.End()]
		if code[0] != 0x10 {
			return fmt.Errorf("frame %d, %+v, is not at a call", i, f)
		}
		to, _ := binary.Uvarint(code[1:])
		found := false
		for _, c := range callees(m, guest.FuncIndex(to)) {
			found = found || c == frames[i-1].Func
		}
		if !found {
			return fmt.Errorf("frame %d calls function %d, but function %d runs in it", i, to, frames[i-1].Func)
		}
	}
	if x, _ := m.Export("run"); uint32(frames[len(frames)-1].Func) != x.Index {
		return fmt.Errorf("the outermost frame is in function %d", frames[len(frames)-1].Func)
	}
	return nil
}

// Many guests, stopped at random instants while Go collects garbage and its profiler
// interrupts every thread, end with their true stacks.
func TestStacksOfStoppedGuestsAreTrueUnderLoad(t *testing.T) {
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()
	kills := 2400
	if testing.Short() {
		kills = 240
	}
	e := testEngine(t)
	m := compile(t, e, forest())
	quit := make(chan struct{})
	var collector, running sync.WaitGroup
	collector.Go(func() {
		var kept [][]byte
		for {
			select {
			case <-quit:
				return
			default:
				kept = append(kept[max(0, len(kept)-100):], make([]byte, 1<<16))
				runtime.GC()
			}
		}
	})
	const guests = 4
	for g := range guests {
		running.Go(func() {
			r := rand.New(rand.NewPCG(uint64(g), 7))
			for range kills / guests {
				ctx, cancel := context.WithCancel(context.Background())
				timer := time.AfterFunc(time.Duration(r.IntN(3000))*time.Microsecond, cancel)
				_, err := m.Run(ctx, &Run{States: []any{&state{}}})
				timer.Stop()
				cancel()
				var l *guest.Limit
				if !errors.As(err, &l) || l.Kind != guest.LimitCancelled {
					t.Errorf("got %v", err)
					return
				}

				if err := checkStack(m.parsed, l.Frames); err != nil {
					t.Errorf("%v\n%v", err, l.Frames)
					return
				}
			}
		})
	}
	running.Wait()
	close(quit)
	collector.Wait()
}
