package export

import (
	"math"
	"strconv"
)

// amount is a value for people: 1.25 s, 3.4 MiB, 12 samples.
func amount(v int64, unit string) string {
	sign := ""
	f := float64(v)
	if f < 0 {
		sign, f = "-", -f
	}
	switch unit {
	case "nanoseconds":
		return sign + scaled(f, 1000, []string{"ns", "µs", "ms", "s"})
	case "microseconds":
		return sign + scaled(f, 1000, []string{"µs", "ms", "s"})
	case "milliseconds":
		return sign + scaled(f, 1000, []string{"ms", "s"})
	case "seconds":
		return sign + scaled(f, 1000, []string{"s"})
	case "bytes":
		return sign + scaled(f, 1024, []string{"B", "KiB", "MiB", "GiB", "TiB"})
	}
	return sign + grouped(f)
}

// scaled writes a number with the largest unit that leaves it at 1 or more.
func scaled(f, step float64, units []string) string {
	i := 0
	for ; f >= step && i < len(units)-1; i++ {
		f /= step
	}
	digits := 2
	if i == 0 && f == math.Trunc(f) {
		digits = 0
	} else if f >= 100 {
		digits = 1
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + units[i]
}

// grouped writes a whole number with its digits in groups of three.
func grouped(f float64) string {
	s := strconv.FormatFloat(f, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// share is a part of a whole in percent.
func share(part, whole int64) string {
	if whole == 0 {
		return "0%"
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 2, 64) + "%"
}
