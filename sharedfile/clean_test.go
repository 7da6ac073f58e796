package sharedfile

import (
	"path/filepath"
	"strings"
	"testing"
)

// A path that is taken stays within the directory, out of what is being fetched, and is
// taken as it is.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "/", ".", "..", "a/b", "//a//b/", "a/../b", "a/../../b", "/.incoming/x", "./.incoming", "a\x00", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, p string) {
		clean, err := Clean(p)
		if err != nil {
			return
		}
		again, err := Clean(clean)
		if !filepath.IsLocal(clean) || strings.HasPrefix(clean+"/", incoming+"/") || again != clean || err != nil {
			t.Errorf("%q is %q, and that %q, %v", p, clean, again, err)
		}
	})
}
