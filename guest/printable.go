package guest

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable makes words that come from a guest, or from its module, harmless for a terminal:
// what does not print is escaped as in Go's strings.
func Printable(s string) string {
	bad := func(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }
	if strings.IndexFunc(s, bad) < 0 {
		return s
	}
	quoted := strconv.Quote(s)
	return quoted[1 : len(quoted)-1]
}
