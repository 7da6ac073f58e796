package cli

import (
	"testing"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// What is printed as advice can be typed.
func FuzzSizesAreReadAsTheyAreWritten(f *testing.F) {
	for _, n := range []uint64{1, 1023, 1024, 64 << 20, 3 << 29, 1 << 40, 1<<64 - 1} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n uint64) {
		if n == 0 {
			return
		}
		if back, err := guest.ParseBytes(flagSize(n)); err != nil || back != n {
			t.Errorf("%d is written %s and read %d, %v", n, flagSize(n), back, err)
		}
	})
}

func TestTimeoutFlag(t *testing.T) {
	for in, want := range map[string]time.Duration{"250ms": 250 * time.Millisecond, "1m30s": 90 * time.Second, "0": -1, "0s": -1} {
		var f timeoutFlag
		if err := f.Set(in); err != nil || time.Duration(f) != want {
			t.Errorf("%s is %v, %v; want %v", in, time.Duration(f), err, want)
		}
	}
	for _, in := range []string{"", "5", "-1s", "soon"} {
		var f timeoutFlag
		if err := f.Set(in); err == nil {
			t.Errorf("%q is taken as %v", in, time.Duration(f))
		}
	}
}
