package spelling

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNearNames(t *testing.T) {
	names := []string{"demo/hello", "demo/help", "demo/jello", "other/hello", "t/ends", "demo/imgsmith"}
	for _, c := range []struct {
		name, asked string
		want        []string
	}{
		{"a letter is missing", "demo/helo", []string{"demo/hello", "demo/help", "demo/jello"}},
		{"the user is another", "mine/hello", []string{"demo/hello", "other/hello"}},
		{"letters are swapped", "demo/imgsmiht", []string{"demo/imgsmith"}},
		{"the case is wrong", "DEMO/ImgSmith", []string{"demo/imgsmith"}},
		{"nothing is near", "nobody/nothing", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Nearest(c.asked, names)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
