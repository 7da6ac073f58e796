package toolchain

import (
	"fmt"
	"regexp"
	"strconv"
)

// Version is a tool's version: major, minor and patch. The zero value is unknown.
type Version struct {
	Major, Minor, Patch int
}

func (v Version) String() string { return fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch) }

// Less orders versions.
func (v Version) Less(w Version) bool {
	if v.Major != w.Major {
		return v.Major < w.Major
	}
	if v.Minor != w.Minor {
		return v.Minor < w.Minor
	}
	return v.Patch < w.Patch
}

// parseVersion reads the version that follows a word in what a tool says about
// itself, such as "clang version 19.1.7 (3~deb12u1)", "LLD 19.1.7" or "go1.26.8".
func parseVersion(word, output string) (Version, bool) {
	re := regexp.MustCompile(regexp.QuoteMeta(word) + `\s*(\d{1,6})(?:\.(\d{1,6}))?(?:\.(\d{1,6}))?`)
	m := re.FindStringSubmatch(output)
	if m == nil {
		return Version{}, false
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // an absent part is 0
	}
	return Version{n[0], n[1], n[2]}, true
}
