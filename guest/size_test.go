package guest

import "testing"

func TestParseBytes(t *testing.T) {
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
			n, err := ParseBytes(c.in)
			if (err != nil) != (c.want == 0) || err == nil && n != c.want {
				t.Errorf("%q is %d, %v; want %d", c.in, n, err, c.want)
			}
		})
	}
}
