package gateway

import "testing"

// A range is ignored, has no byte, or lies within what it is of.
func FuzzRanges(f *testing.F) {
	for _, s := range []string{"", "bytes=0-0", "bytes=5-", "bytes=-5", "bytes=-0", "bytes=9-2", "bytes=1-2,3-4", "bytes=99999999999999999999-", "bytes=--1", "bytes= 1-2", "lines=1-2", "bytes=-"} {
		f.Add(s, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 1 {
			size = 1
		}
		s, ok, err := parseRange(header, size)
		if ok && err == nil && (s.offset < 0 || s.n < 1 || s.n > size || s.offset > size-s.n) {
			t.Errorf("%q of %d bytes is %+v", header, size, s)
		}
		if !ok && (err != nil || s != span{}) {
			t.Errorf("%q is ignored, and is %+v, %v", header, s, err)
		}
	})
}
