package engine

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
)

// The compiled image says at which instruction a guest may end and why; a guest that
// ends there says the same.
func TestTheTableOfTrapsSaysWhyGuestsEnd(t *testing.T) {
	e := testEngine(t)
	for name, body := range map[string]string{
		"unreachable":                   `unreachable`,
		"a load out of bounds":          `(drop (i32.load (i32.const -1)))`,
		"a division by zero":            `(drop (i32.div_u (i32.const 1) (i32.load (i32.const 0))))`,
		"a division that overflows":     `(drop (i32.div_s (i32.const 0x80000000) (i32.sub (i32.load (i32.const 0)) (i32.const 1))))`,
		"a conversion of no number":     `(drop (i32.trunc_f32_s (f32.div (f32.load (i32.const 0)) (f32.load (i32.const 0)))))`,
		"an indirect call to null":      `(call_indirect (i32.const 0))`,
		"an indirect call out of range": `(call_indirect (i32.const 9))`,
		"a wrong signature":             `(call_indirect (i32.const 1))`,
		"an atomic that is not aligned": `(drop (i32.atomic.load (i32.const 1)))`,
	} {
		t.Run(name, func(t *testing.T) {
			var traps []codemap.Trap
			var code *codemap.Map
			m, err := e.Compile(context.Background(), wat(t, `(module (memory (export "memory") 1) (table 2 funcref) (elem (i32.const 1) $other)
				(func $other (param i64)) (func (export "run") `+body+`))`), ModuleOptions{
				Steps: []Step{{Export: "run"}},
				Loaded: func(l codemap.Loaded) {
					code = l.Map
					traps, _ = codemap.ReadTraps(l.Image) // without any the test fails below
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			_, _, err = run(m, guest.Limits{})
			var trap *guest.Trap
			if !errors.As(err, &trap) || len(trap.Frames) == 0 {
				t.Fatalf("it ends with %v", err)
			}
			if !slices.ContainsFunc(traps, func(at codemap.Trap) bool {
				f, ok := code.FrameAt(at.At)
				return ok && f.Offset == trap.Frames[0].Offset && at.String() == trap.Code.String()
			}) {
				t.Errorf("it ends with %v at 0x%x; the table has %v", trap.Code, trap.Frames[0].Offset, traps)
			}
		})
	}
}
