package sharedfile

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// memory is a remote in memory.
type memory struct {
	mu      sync.Mutex
	files   map[string]string
	deleted map[string]time.Time
	gets    int
	puts    int
	err     error // of everything
}

func newMemory() *memory {
	return &memory{files: make(map[string]string), deleted: make(map[string]time.Time)}
}

func (m *memory) StatFile(_ context.Context, path string) (string, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if text, ok := m.files[path]; ok {
		digest, err := digestOf(strings.NewReader(text))
		return digest, time.Time{}, errors.Join(err, m.err)
	}
	return "", m.deleted[path], m.err
}

func (m *memory) GetFile(_ context.Context, path string, _ io.ReadSeeker, w io.Writer) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gets++
	text, ok := m.files[path]
	if !ok {
		return "", fs.ErrNotExist
	}
	if _, err := io.WriteString(w, text); err != nil {
		return "", err
	}
	return digestOf(strings.NewReader(text))
}

func (m *memory) PutFile(_ context.Context, path string, r io.ReadSeeker) (string, error) {
	b, err := io.ReadAll(r)
	if err != nil {
		return "", err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return "", m.err
	}
	m.puts++
	m.files[path] = string(b)
	return digestOf(strings.NewReader(string(b)))
}

func (m *memory) ListFiles(_ context.Context, dir string, each func(string, time.Time) bool) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	in := func(path string) bool { return dir == "." || strings.HasPrefix(path, dir+"/") }
	for path := range m.files {
		if in(path) && !each(path, time.Time{}) {
			return m.err
		}
	}
	for path, at := range m.deleted {
		if _, again := m.files[path]; !again && in(path) && !each(path, at) {
			return m.err
		}
	}
	return m.err
}

func (m *memory) DeleteFile(_ context.Context, path string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, path)
	m.deleted[path] = time.Now()
	return m.err
}

// host is the files of one host and where they are.
type host struct {
	*Files
	t   *testing.T
	dir string
}

func newHost(t *testing.T, r Remote) *host {
	t.Helper()
	return openHost(t, r, t.TempDir())
}

func openHost(t *testing.T, r Remote, dir string) *host {
	t.Helper()
	f := New(Config{Open: func() (*os.Root, error) { return os.OpenRoot(dir) }, Remote: r})
	t.Cleanup(func() { f.Close() })
	return &host{f, t, dir}
}

// read fetches a file and returns its content; "none" if there is none.
func (h *host) read(path string) string {
	h.t.Helper()
	if err := h.Fetch(h.t.Context(), path); err != nil {
		h.t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(h.dir, path))
	if errors.Is(err, fs.ErrNotExist) {
		return "none"
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}

// lay puts a file into the directory, behind the files' back.
func (h *host) lay(path, text string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(h.dir, path)), 0o755); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.dir, path), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
}

// write writes a file as a function does.
func (h *host) write(path, text string) {
	h.t.Helper()
	if err := h.Writing(path); err != nil {
		h.t.Fatal(err)
	}
	h.lay(path, text)
	if err := h.Written(h.t.Context(), path, true); err != nil {
		h.t.Fatal(err)
	}
}

func expect(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}

func TestWhatIsWrittenOnOneHostIsReadOnAnother(t *testing.T) {
	m := newMemory()
	here, there := newHost(t, m), newHost(t, m)
	here.write("dir/file", "first")
	expect(t, "elsewhere it", there.read("dir/file"), "first")
	expect(t, "again it", there.read("dir/file"), "first")
	expect(t, "where it was written it", here.read("dir/file"), "first")
	if m.gets != 1 {
		t.Errorf("it was fetched %d times, want once", m.gets)
	}
	there.write("dir/file", "second")
	expect(t, "rewritten, it", here.read("dir/file"), "second")
	if err := here.Put(t.Context(), "/dir/../dir/file", strings.NewReader("third")); err != nil {
		t.Fatal(err)
	}
	expect(t, "put, it", there.read("dir/file"), "third")
}

func TestWhatWasRemovedIsGoneEverywhere(t *testing.T) {
	m := newMemory()
	here, there := newHost(t, m), newHost(t, m)
	here.write("file", "text")
	expect(t, "elsewhere it", there.read("file"), "text")
	if err := os.Remove(filepath.Join(here.dir, "file")); err != nil {
		t.Fatal(err)
	}
	if err := here.Removed(t.Context(), "file"); err != nil {
		t.Fatal(err)
	}
	expect(t, "elsewhere it", there.read("file"), "none")
	there.lay("file", "of its own")
	expect(t, "a file that was put there later", there.read("file"), "of its own")
}

func TestAFileOfAHostsOwnStaysUntilItIsWritten(t *testing.T) {
	m := newMemory()
	here, there := newHost(t, m), newHost(t, m)
	here.lay("file", "own")
	expect(t, "it", here.read("file"), "own")
	expect(t, "elsewhere it", there.read("file"), "none")
	here.write("file", "written")
	expect(t, "elsewhere it", there.read("file"), "written")
}

func TestOpeningForWritingWithoutWritingTellsNobody(t *testing.T) {
	m := newMemory()
	h := newHost(t, m)
	h.write("file", "text")
	if err := h.Writing("file"); err != nil {
		t.Fatal(err)
	}
	if err := h.Written(t.Context(), "file", false); err != nil {
		t.Fatal(err)
	}
	if m.puts != 1 {
		t.Errorf("it was stored %d times, want once", m.puts)
	}
}

func TestAFileThatIsBeingWrittenIsNotReplaced(t *testing.T) {
	m := newMemory()
	here, there := newHost(t, m), newHost(t, m)
	here.write("file", "old")
	if err := here.Writing("file"); err != nil {
		t.Fatal(err)
	}
	there.write("file", "of the other")
	here.lay("file", "half")
	expect(t, "while it is written it", here.read("file"), "half")
	if err := here.Written(t.Context(), "file", true); err != nil {
		t.Fatal(err)
	}
	expect(t, "elsewhere the last to close", there.read("file"), "half")
}

func TestAfterARestartWhatIsHereIsComparedNotFetched(t *testing.T) {
	m := newMemory()
	first := newHost(t, m)
	first.write("same", "text")
	first.write("changed", "text")
	m.files["changed"] = "other"
	second := openHost(t, m, first.dir)
	expect(t, "the same", second.read("same"), "text")
	expect(t, "the changed one", second.read("changed"), "other")
	if m.gets != 1 {
		t.Errorf("%d files were fetched, want 1", m.gets)
	}
	second.lay("same", "by hand")
	expect(t, "one that was changed by hand", second.read("same"), "text")
	second.lay("same", "text")
	second.Flush()
	expect(t, "one after a flush", second.read("same"), "text")
	if m.gets != 2 {
		t.Errorf("%d files were fetched, want 2", m.gets)
	}
}

func TestWhereTheRemoteFailsNothingPretends(t *testing.T) {
	m := newMemory()
	h := newHost(t, m)
	h.write("file", "text")
	m.err = errors.New("it is away")
	if err := h.Fetch(t.Context(), "file"); !errors.Is(err, m.err) {
		t.Errorf("fetching: %v", err)
	}
	if err := h.Writing("file"); err != nil {
		t.Fatal(err)
	}
	if err := h.Written(t.Context(), "file", true); !errors.Is(err, m.err) {
		t.Errorf("telling of what was written: %v", err)
	}
	if err := h.Removed(t.Context(), "file"); !errors.Is(err, m.err) {
		t.Errorf("telling of what was removed: %v", err)
	}
	if err := h.Put(t.Context(), "other", io.MultiReader(strings.NewReader("half"), broken{})); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("putting what cannot be read: %v", err)
	}
	if _, err := os.Stat(filepath.Join(h.dir, "other")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
	if left, err := os.ReadDir(filepath.Join(h.dir, incoming)); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// broken is a reader that fails.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestPathsStayWithinTheDirectory(t *testing.T) {
	m := newMemory()
	h := newHost(t, m)
	outside := filepath.Join(filepath.Dir(h.dir), "outside")
	if err := os.MkdirAll(outside, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(h.dir, "link")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]error{
		"": fs.ErrInvalid, "..": fs.ErrInvalid, "../x": fs.ErrInvalid, "a/../../x": fs.ErrInvalid, "a\x00b": fs.ErrInvalid,
		".incoming/x": fs.ErrPermission, "a/../.incoming": fs.ErrPermission,
	} {
		for name, do := range map[string]func() error{
			"fetching": func() error { return h.Fetch(t.Context(), path) },
			"putting":  func() error { return h.Put(t.Context(), path, strings.NewReader("x")) },
			"writing":  func() error { return h.Writing(path) },
			"removing": func() error { return h.Removed(t.Context(), path) },
		} {
			if err := do(); !errors.Is(err, want) {
				t.Errorf("%s %q: %v, want %v", name, path, err, want)
			}
		}
	}
	if err := h.Put(t.Context(), "link/x", strings.NewReader("x")); err == nil {
		t.Error("a file is put through a link that leads out")
	}
	m.files["link/y"] = "y"
	if err := h.Fetch(t.Context(), "link/y"); err == nil {
		t.Error("a file is fetched through a link that leads out")
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 0 {
		t.Errorf("outside there is %v, %v", left, err)
	}
	if len(m.files) != 1 {
		t.Errorf("the remote has %v", m.files)
	}
}

func TestWithoutARemoteTheDirectoryIsAllThereIs(t *testing.T) {
	h := newHost(t, nil)
	h.write("file", "text")
	expect(t, "it", h.read("file"), "text")
	if err := h.Put(t.Context(), "dir/other", strings.NewReader("put")); err != nil {
		t.Fatal(err)
	}
	expect(t, "another", h.read("dir/other"), "put")
}

func TestManyWhoUseAFileSeeWholeContents(t *testing.T) {
	m := newMemory()
	here, there := newHost(t, m), newHost(t, m)
	a, b := strings.Repeat("a", 1<<16), strings.Repeat("b", 1<<16)
	here.write("file", a)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 20 {
				if n == 0 {
					text := a
					if m.puts%2 == 1 {
						text = b
					}
					if err := here.Put(t.Context(), "file", strings.NewReader(text)); err != nil {
						t.Error(err)
					}
				} else if err := there.Fetch(t.Context(), "file"); err != nil {
					t.Error(err)
				} else if got, err := os.ReadFile(filepath.Join(there.dir, "file")); err != nil || string(got) != a && string(got) != b {
					t.Errorf("read %d bytes, %v", len(got), err)
				}
			}
		})
	}
	all.Wait()
}
