package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// parseSize reads a number of bytes such as 65536, 64K, 64M, 1GiB or 1.5G. All units
// are powers of 1,024.
func parseSize(s string) (uint64, error) {
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

// sizeFlag is a flag's value; zero where it is not given.
type sizeFlag uint64

func (f *sizeFlag) Set(s string) error {
	n, err := parseSize(s)
	*f = sizeFlag(n)
	return err
}

func (f *sizeFlag) Type() string { return "SIZE" }

func (f *sizeFlag) String() string {
	if *f == 0 {
		return ""
	}
	return guest.FormatBytes(uint64(*f))
}

// timeoutFlag is a deadline; zero where it is not given, negative for none.
type timeoutFlag time.Duration

func (f *timeoutFlag) Set(s string) error {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return fmt.Errorf("want a duration such as 500ms, 2s or 1m30s, or 0 for none")
	case d < 0:
		return fmt.Errorf("a deadline cannot lie in the past")
	case d == 0:
		d = -1
	}
	*f = timeoutFlag(d)
	return nil
}

func (f *timeoutFlag) Type() string { return "DURATION" }

func (f *timeoutFlag) String() string {
	if *f == 0 {
		return ""
	}
	return time.Duration(*f).String()
}
