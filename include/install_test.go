package include

import (
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInstallLaysOutEveryFileAndNothingElse(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "not", "there", "yet")
	l, err := Install(cache)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(cache, "include-"+Version()); l.Dir != want {
		t.Errorf("installed in %s, want %s", l.Dir, want)
	}
	if !l.intact() {
		t.Error("the files are not as they were embedded")
	}
	if diff := cmp.Diff([]string{filepath.Base(l.Dir)}, entries(t, cache)); diff != "" {
		t.Errorf("left in the cache (-want +got):\n%s", diff)
	}
	for _, at := range append(l.Sources(), l.IncludeDirs()...) {
		if _, err := os.Stat(at); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat(l.Dir); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the directory is %v, want it readable by all (%v)", info.Mode(), err)
	}
}

func TestInstallRepairsWhatWasChanged(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(dir string) error
	}{
		{"a header was edited", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "faasm", "core.h"), []byte("#error broken\n"), 0o644)
		}},
		{"a source was removed", func(dir string) error { return os.Remove(filepath.Join(dir, "lib", "core.c")) }},
		{"a header was added", func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "posix", "stdio.h"), []byte("#error stray\n"), 0o644)
		}},
		{"the directory is a file", func(dir string) error {
			if err := os.RemoveAll(dir); err != nil {
				return err
			}
			return os.WriteFile(dir, nil, 0o644)
		}},
		{"nothing", func(string) error { return nil }},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := t.TempDir()
			l, err := Install(cache)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.damage(l.Dir); err != nil {
				t.Fatal(err)
			}
			if l, err = Install(cache); err != nil {
				t.Fatal(err)
			}
			if !l.intact() {
				t.Error("not repaired")
			}
			if got := entries(t, cache); len(got) != 1 {
				t.Errorf("left in the cache: %v", got)
			}
		})
	}
}

func TestInstallersAtOnceAllSucceed(t *testing.T) {
	cache := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			l, err := Install(cache)
			if err != nil {
				t.Error(err)
			} else if !l.intact() {
				t.Error("installed files are not intact")
			}
		})
	}
	wg.Wait()
	if got := entries(t, cache); len(got) != 1 {
		t.Errorf("left in the cache: %v", got)
	}
}

func TestInstallSaysWhatToDoWhenItCannotWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := Install(filepath.Join(file, "cache"))
	if err == nil || !regexp.MustCompile(`install guest headers.*choose a cache directory that can be written`).MatchString(err.Error()) {
		t.Errorf("error %v does not say what to do", err)
	}
}

func TestVersionIsShortAndStable(t *testing.T) {
	if v := Version(); !regexp.MustCompile(`^[0-9a-f]{16}$`).MatchString(v) || v != Version() {
		t.Errorf("version %q", v)
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}
