package worker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/sharedfile"
	"github.com/faaslens/faaslens/store"
)

// filesHost is a host of several, with a function that does things to files.
type filesHost struct {
	t        *testing.T
	function *Function
	files    *sharedfile.Files
	dir      string
}

func newFilesHost(t *testing.T, url string) (*filesHost, string) {
	t.Helper()
	cfg := bus.Config{URL: url}
	if url == "" {
		cfg = bus.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0"}
	}
	b, err := bus.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	dir := filepath.Join(t.TempDir(), "shared")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	files := sharedfile.New(sharedfile.Config{Open: func() (*os.Root, error) { return os.OpenRoot(dir) }, Remote: b})
	t.Cleanup(func() { files.Close() })
	w := testWorker(t, Config{Files: files, Engine: engine.Config{Shards: 1, Slots: 2}})
	return &filesHost{t, addBuilt(t, w, "shared_file", "2", "shared_file.c", store.AddOptions{}), files, dir}, b.URL()
}

// do runs the function and checks what it prints.
func (h *filesHost) do(want string, args ...string) {
	h.t.Helper()
	out, _, _, err := invoke(h.function, &Invocation{Args: append([]string{"function.wasm"}, args...)})
	if err != nil || out != want {
		h.t.Errorf("%v prints %.80q, %v; want %.80q", args, out, err, want)
	}
}

func TestFunctionsOfTwoHostsShareFiles(t *testing.T) {
	a, url := newFilesHost(t, "")
	b, _ := newFilesHost(t, url)
	const file = "faasm://dir/file"
	b.do("No such file or directory", "read", file)
	a.do("", "write", file, "one")
	b.do("one", "read", file)
	b.do("3", "size", file)
	b.do("", "append", file, " and two")
	a.do("one and two", "read", file)
	a.do("", "keep", file, "left open") // its end closes it
	b.do("left open", "read", file)
	b.do("", "rename", file, "faasm://dir/moved")
	a.do("No such file or directory", "read", file)
	a.do("left open", "read", "faasm://dir/moved")
	a.do("", "remove", "faasm://dir/moved")
	b.do("No such file or directory", "size", "faasm://dir/moved")
	a.do("", "write", "faasm://dir/sub/deep", "x")
	a.do("", "write", "faasm://dir/one", "x")
	b.do("sub\none\n", "list", "faasm://dir")
	b.do("deep\n", "list", "faasm://dir/sub")
	b.do("x", "read", "faasm://dir/sub/deep")
	for _, path := range []string{"faasm://../secret", "faasm://dir/../../secret"} {
		b.do("Operation not permitted", "write", path, "x")
	}
}

func TestALargeSharedFileComesWhole(t *testing.T) {
	a, url := newFilesHost(t, "")
	b, _ := newFilesHost(t, url)
	large := strings.Repeat("0123456789abcdef", 1<<20)
	if err := a.files.Put(t.Context(), "large", strings.NewReader(large)); err != nil {
		t.Fatal(err)
	}
	b.do("16777216", "size", "faasm://large")
	b.do(large, "read", "faasm://large")
	b.do("", "append", "faasm://large", "end")
	a.do(large+"end", "read", "faasm://large")
}

func TestWithoutOthersSharedFilesAreTheStores(t *testing.T) {
	w := testWorker(t, Config{Engine: engine.Config{Shards: 1, Slots: 2}})
	h := &filesHost{t, addBuilt(t, w, "shared_file", "2", "shared_file.c", store.AddOptions{}), nil, ""}
	h.do("", "write", "faasm://file", "text")
	h.do("text", "read", "faasm://file")
	root, err := w.cfg.Store.Shared()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if b, err := root.ReadFile("file"); err != nil || string(b) != "text" {
		t.Errorf("on disk there is %q, %v", b, err)
	}
}
