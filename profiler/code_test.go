package profiler

import (
	"testing"
	"time"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
)

// loadedAt tells of code of that many bytes.
func loadedAt(c *Code, name string, base, size uintptr) codemap.Loaded {
	l := codemap.Loaded{Base: base, Image: make([]byte, size), Map: &codemap.Map{}}
	c.Loaded(Function{Name: guest.Name{User: "u", Function: name}, Module: &wasm.Module{}}, l)
	return l
}

func TestAddressesThatWereUsedTwiceAreToldApart(t *testing.T) {
	now := time.Unix(0, 0)
	c := NewCode(func() time.Time { now = now.Add(time.Second); return now })
	find := func(at uintptr, function string, from time.Time) string {
		if a := c.find(at, function, from); a != nil {
			return a.function.Name.String()
		}
		return ""
	}
	c.Unloaded(loadedAt(c, "before", 1000, 100))
	if n := len(c.areas); n != 0 {
		t.Errorf("%d areas are kept that no recording needs", n)
	}
	began := now
	stop := c.record()
	first := loadedAt(c, "first", 1000, 100)
	c.Unloaded(first)
	between := now
	loadedAt(c, "second", 1050, 100)
	for _, x := range []struct {
		name     string
		at       uintptr
		function string
		from     time.Time
		want     string
	}{
		{"only the first was there", 1010, "", began, "u/first"},
		{"its label tells the first", 1060, "u/first", began, "u/first"},
		{"its label tells the second", 1060, "u/second", began, "u/second"},
		{"without a label it is the last", 1060, "", began, "u/second"},
		{"a recording that began later knows nothing of the first", 1010, "u/first", between.Add(time.Second), ""},
		{"before", 999, "", began, ""},
		{"behind", 1150, "", began, ""},
	} {
		if got := find(x.at, x.function, x.from); got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
	stop()
	stop() // twice is once
	if n := len(c.areas); n != 1 || c.areas[0].function.Name.Function != "second" {
		t.Errorf("%d areas are kept, want the one that is loaded", n)
	}
}
