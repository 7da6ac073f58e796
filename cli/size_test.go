package cli

import (
	"testing"
	"time"
)

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     uint64 // 0 for an error
	}{
		{"plain bytes", "65536", 65536},
		{"bytes with their unit", "100B", 100},
		{"a letter", "64M", 64 << 20},
		{"a small letter", "64m", 64 << 20},
		{"a unit as SI has it is binary too", "1GB", 1 << 30},
		{"a binary unit", "1GiB", 1 << 30},
		{"a fraction", "1.5G", 3 << 29},
		{"a fraction that leaves no whole byte is cut", "0.3K", 307},
		{"the largest", "18446744073709551615", 1<<64 - 1},
		{"more than the largest", "18446744073709551616", 0},
		{"more than the largest by its unit", "99999999999T", 0},
		{"nothing", "0", 0},
		{"nothing of a unit", "0G", 0},
		{"less than a byte", "0.0001K", 0},
		{"negative", "-1M", 0},
		{"an exponent", "1e9", 0},
		{"not a number", "infM", 0},
		{"hexadecimal", "0x10", 0},
		{"an unknown unit", "1KBB", 0},
		{"a unit alone", "M", 0},
		{"empty", "", 0},
		{"a space", "1 M", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := parseSize(c.in)
			if (err != nil) != (c.want == 0) || err == nil && n != c.want {
				t.Errorf("%q is %d, %v; want %d", c.in, n, err, c.want)
			}
		})
	}
}

// What is printed as advice can be typed.
func FuzzSizesAreReadAsTheyAreWritten(f *testing.F) {
	for _, n := range []uint64{1, 1023, 1024, 64 << 20, 3 << 29, 1 << 40, 1<<64 - 1} {
		f.Add(n)
	}
	f.Fuzz(func(t *testing.T, n uint64) {
		if n == 0 {
			return
		}
		if back, err := parseSize(flagSize(n)); err != nil || back != n {
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
