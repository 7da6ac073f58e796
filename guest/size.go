package guest

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseBytes reads a number of bytes such as 65536, 64K, 64M, 1GiB or 1.5G. All units
// are powers of 1,024.
func ParseBytes(s string) (uint64, error) {
	fail := func(why string) (uint64, error) {
		return 0, fmt.Errorf("size %q: %s: want bytes, such as 65536, 64M or 1GiB", s, why)
	}
	number := strings.TrimRight(s, "BKMGTibkmgt")
	var shift uint
	switch unit := strings.ToLower(s[len(number):]); unit {
	case "", "b":
	case "k", "kb", "kib":
		shift = 10
	case "m", "mb", "mib":
		shift = 20
	case "g", "gb", "gib":
		shift = 30
	case "t", "tb", "tib":
		shift = 40
	default:
		return fail("unknown unit")
	}
	if n, err := strconv.ParseUint(number, 10, 64); err == nil {
		switch {
		case n == 0:
			return fail("nothing would fit")
		case n > math.MaxUint64>>shift:
			return fail("too large")
		}
		return n << shift, nil
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || strings.ContainsAny(number, "eExXpPnN_+-") {
		return fail("not a number")
	}
	f *= float64(uint64(1) << shift)
	if f < 1 || f >= math.MaxUint64 {
		return fail("out of range")
	}
	return uint64(f), nil
}
