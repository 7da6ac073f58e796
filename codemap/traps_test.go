package codemap

import (
	"testing"
)

func FuzzReadTraps(f *testing.F) {
	f.Add(sampleImage())
	f.Add([]byte("\x7fELF"))
	f.Fuzz(func(t *testing.T, img []byte) {
		traps, err := ReadTraps(img)
		if err == nil && uint64(len(traps)) > uint64(len(img)) {
			t.Errorf("%d traps in %d bytes", len(traps), len(img))
		}
		for _, trap := range traps {
			if trap.String() == "" {
				t.Error("a trap has no reason")
			}
		}
	})
}
