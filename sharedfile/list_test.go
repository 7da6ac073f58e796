package sharedfile

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// elsewhere checks what of a directory others have.
func (h *host) elsewhere(dir string, files, dirs []string) {
	h.t.Helper()
	gotFiles, gotDirs, err := h.Elsewhere(h.t.Context(), dir)
	if err != nil {
		h.t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{files, dirs}, [][]string{gotFiles, gotDirs}); diff != "" {
		h.t.Errorf("of %q, others have (- want, + got):\n%s", dir, diff)
	}
}

func TestWhatOthersHaveIsListed(t *testing.T) {
	m := newMemory()
	here, there := newHost(t, m), newHost(t, m)
	for _, path := range []string{"a", "d/b", "d/c", "d/e/f", "dd/g"} {
		there.write(path, "text")
	}
	here.elsewhere(".", []string{"a"}, []string{"d", "dd"})
	here.elsewhere("d", []string{"b", "c"}, []string{"e"})
	expect(t, "one of them", here.read("d/b"), "text")
	here.elsewhere("d", []string{"c"}, []string{"e"})
	there.elsewhere("d", nil, nil)

	if err := os.Remove(filepath.Join(there.dir, "d/b")); err != nil {
		t.Fatal(err)
	}
	if err := there.Removed(t.Context(), "d/b"); err != nil {
		t.Fatal(err)
	}
	here.elsewhere("d", []string{"c"}, []string{"e"})
	if _, err := os.Stat(filepath.Join(here.dir, "d/b")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was removed elsewhere: %v", err)
	}
	if err := here.Fetch(t.Context(), "d/e"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(here.dir, "d/e")); err != nil || !info.IsDir() {
		t.Errorf("a directory that others have files in: %v, %v", info, err)
	}
	if err := here.Fetch(t.Context(), "nowhere"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(here.dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a directory that nobody has files in: %v", err)
	}
	if _, _, err := here.Elsewhere(t.Context(), "../x"); err == nil {
		t.Error("a directory above is listed")
	}
	m.err = errors.New("it is away")
	if _, _, err := here.Elsewhere(t.Context(), "d"); !errors.Is(err, m.err) {
		t.Errorf("without the remote: %v", err)
	}
}
