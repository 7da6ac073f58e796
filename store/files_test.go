package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/faaslens/faaslens/wasm/wasmtest"
)

func TestRuntimeFilesAreCreatedOnceAndKept(t *testing.T) {
	s := open(t, t.TempDir())
	for _, want := range []string{"127.0.0.1\tlocalhost\n", "mine"} {
		root, err := s.RuntimeRoot()
		if err != nil {
			t.Fatal(err)
		}
		hosts, err := root.ReadFile("etc/hosts")
		if err != nil || string(hosts) != want {
			t.Errorf("hosts %q, error %v; want %q", hosts, err, want)
		}
		for _, path := range []string{"etc/passwd", "etc/resolv.conf", "tmp", "share"} {
			if _, err := root.Stat(path); err != nil {
				t.Error(err)
			}
		}
		root.Close()
		mustWrite(t, filepath.Join(s.RuntimeDir(), "etc/hosts"), "mine")
	}
}

func TestAFunctionCannotLeadTheRuntimeFilesElsewhere(t *testing.T) {
	s := open(t, t.TempDir())
	f := add(t, s, hello, wasmtest.Sample(), AddOptions{})
	mustLink(t, filepath.Dir(f.Path), filepath.Join(s.RuntimeDir(), "etc"))
	root, err := s.RuntimeRoot()
	if err == nil {
		root.Close()
	}
	wantError(t, err, nil, filepath.Join(s.RuntimeDir(), "etc/hosts"))
	if got := files(t, filepath.Dir(f.Path)); len(got) != 2 {
		t.Errorf("files %v in the function's directory", got)
	}
}

func TestSharedFilesStayInTheirDirectory(t *testing.T) {
	s := open(t, t.TempDir())
	for _, path := range []string{"../x", "/etc/passwd", "a/../../x", ""} {
		if got, err := s.SharedPath(path); err == nil {
			t.Errorf("%q is %s", path, got)
		}
	}
	path, err := s.SharedPath("a/b")
	if err != nil || path != filepath.Join(s.Dir(), "shared/a/b") {
		t.Errorf("path %s, error %v", path, err)
	}
	root, err := s.Shared()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if info, err := os.Stat(filepath.Dir(filepath.Dir(path))); err != nil || !info.IsDir() {
		t.Errorf("no shared directory: %v", err)
	}
}
