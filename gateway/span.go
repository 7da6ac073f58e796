package gateway

import (
	"errors"
	"strconv"
	"strings"
)

// span is bytes of something, from one on.
type span struct{ offset, n int64 }

// errNoSpan is a range of which there is no byte.
var errNoSpan = errors.New("the range has no byte of it")

// parseRange reads the header Range (RFC 9110, 14.2) of a request for something of that
// size. It is not ok where the header is to be ignored: there is none, it is in another unit
// than bytes, asks for several ranges, or is none.
func parseRange(header string, size int64) (s span, ok bool, err error) {
	set, found := strings.CutPrefix(header, "bytes=")
	first, last, dash := strings.Cut(strings.TrimSpace(set), "-")
	if !found || !dash || strings.Contains(set, ",") {
		return span{}, false, nil
	}
	if first == "" { // the last so many
		n, err := parseBytePos(last)
		switch {
		case err != nil:
			return span{}, false, nil
		case n == 0:
			return span{}, true, errNoSpan
		}
		n = min(n, size)
		return span{size - n, n}, true, nil
	}
	from, err := parseBytePos(first)
	to := size - 1
	if err == nil && last != "" {
		to, err = parseBytePos(last)
	}
	switch {
	case err != nil || last != "" && to < from:
		return span{}, false, nil
	case from >= size:
		return span{}, true, errNoSpan
	}
	to = min(to, size-1)
	return span{from, to - from + 1}, true, nil
}

// parseBytePos reads digits and nothing else; more than fit an int64 are as many as do.
func parseBytePos(s string) (int64, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		return n, nil
	}
	return n, err
}
