package bus

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFilesAreTheSameOnAllHosts(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0"})
	other := open(t, Config{URL: b.URL()})
	const path = "some dir/file.txt"
	if digest, deleted, err := other.StatFile(t.Context(), path); digest != "" || !deleted.IsZero() || err != nil {
		t.Errorf("before it was there: %q, %v, %v", digest, deleted, err)
	}
	if _, err := other.GetFile(t.Context(), path, nil, io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading it then: %v", err)
	}
	if err := other.DeleteFile(t.Context(), path); err != nil {
		t.Errorf("deleting it then: %v", err)
	}
	for _, content := range [][]byte{[]byte("first"), bytes.Repeat([]byte("0123456789"), 1<<20), {}} {
		put, err := b.PutFile(t.Context(), path, bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		stat, _, err := other.StatFile(t.Context(), path)
		if err != nil || stat != put {
			t.Errorf("its digest is %s, put was %s, %v", stat, put, err)
		}
		var got bytes.Buffer
		if digest, err := other.GetFile(t.Context(), path, nil, &got); err != nil || digest != put || !bytes.Equal(got.Bytes(), content) {
			t.Errorf("read %d bytes of %d, digest %s, %v", got.Len(), len(content), digest, err)
		}
	}
	if err := other.DeleteFile(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if digest, deleted, err := b.StatFile(t.Context(), path); digest != "" || deleted.IsZero() || err != nil {
		t.Errorf("after it was deleted: %q, %v, %v", digest, deleted, err)
	}
	if _, err := b.GetFile(t.Context(), path, nil, io.Discard); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reading it then: %v", err)
	}
}

func TestManyWhoWriteAFileLeaveOneContent(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0"})
	other := open(t, Config{URL: b.URL()})
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			by := []*Bus{b, other}[n%2]
			if _, err := by.PutFile(t.Context(), "file", bytes.NewReader(bytes.Repeat([]byte{byte(n)}, 300<<10))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var got bytes.Buffer
	if _, err := b.GetFile(t.Context(), "file", nil, &got); err != nil || !bytes.Equal(got.Bytes(), bytes.Repeat(got.Bytes()[:1], 300<<10)) {
		t.Errorf("it has %d bytes, %v", got.Len(), err)
	}
	info, err := b.pieces.Info(t.Context())
	if err != nil || info.State.Msgs != 3 {
		t.Errorf("%d pieces are stored, want 3; %v", info.State.Msgs, err)
	}
	if err := b.DeleteFile(t.Context(), "file"); err != nil {
		t.Fatal(err)
	}
	if info, err = b.pieces.Info(t.Context()); err != nil || info.State.Msgs != 0 {
		t.Errorf("after it was deleted, %d are, %v", info.State.Msgs, err)
	}
}

func TestPathsOfFilesHaveALength(t *testing.T) {
	b := open(t, Config{})
	for _, path := range []string{"", strings.Repeat("p", maxFilePath+1)} {
		if _, err := b.PutFile(t.Context(), path, bytes.NewReader(nil)); !errors.Is(err, fs.ErrInvalid) {
			t.Errorf("a path of %d bytes: %v", len(path), err)
		}
	}
	longest := strings.Repeat("p", maxFilePath)
	if _, err := b.PutFile(t.Context(), longest, bytes.NewReader([]byte("x"))); err != nil {
		t.Error(err)
	}
	if digest, _, err := b.StatFile(t.Context(), longest); digest == "" || err != nil {
		t.Errorf("the longest path: %q, %v", digest, err)
	}
}

func TestAFileThatCannotBeReadLeavesTheOldOne(t *testing.T) {
	b := open(t, Config{})
	if _, err := b.PutFile(t.Context(), "file", bytes.NewReader([]byte("old"))); err != nil {
		t.Fatal(err)
	}
	for _, want := range []error{io.ErrClosedPipe, io.ErrUnexpectedEOF} {
		half := halfFile{io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), broken{want})}
		if _, err := b.PutFile(t.Context(), "file", half); !errors.Is(err, want) {
			t.Errorf("putting it: %v, want %v", err, want)
		}
	}
	var got bytes.Buffer
	if _, err := b.GetFile(t.Context(), "file", nil, &got); err != nil || got.String() != "old" {
		t.Errorf("it is %q, %v", &got, err)
	}
}

// broken is a reader that fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }

// halfFile is a file of 2 MiB whose reader fails on the way.
type halfFile struct{ io.Reader }

func (halfFile) Seek(offset int64, whence int) (int64, error) {
	if whence == io.SeekEnd {
		return 2 << 20, nil
	}
	return offset, nil
}

func TestWhatIsAppendedToAFileIsAllThatIsSent(t *testing.T) {
	b := open(t, Config{})
	sent := func() uint64 { return b.conn.Stats().OutBytes }
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	put := func() (took uint64) {
		t.Helper()
		before := sent()
		digest, err := b.PutFile(t.Context(), "log", bytes.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if back, err := b.GetFile(t.Context(), "log", nil, &got); err != nil || back != digest || !bytes.Equal(got.Bytes(), content) {
			t.Fatalf("read %d bytes of %d, %v", got.Len(), len(content), err)
		}
		return sent() - before
	}
	if first := put(); first < uint64(len(content)) {
		t.Errorf("the first time, %d bytes were sent", first)
	}
	var all uint64
	for n := range 64 {
		content = append(content, bytes.Repeat([]byte{byte(n)}, 1000)...)
		all += put()
	}
	// Of 64,000 bytes, each goes log2(64) times at most, and there are questions.
	if all > 7*64_000+64*4_000 {
		t.Errorf("%d bytes were sent for 64,000 that were appended", all)
	}
	e, _, err := b.fileEntry(t.Context(), "log")
	if err != nil || len(e.Parts) > 8 {
		t.Errorf("it has %d parts, %v", len(e.Parts), err)
	}
	if again := put(); again > 10_000 {
		t.Errorf("%d bytes were sent for nothing new", again)
	}
	content[5] = 'x'
	if other := put(); other < uint64(len(content)) {
		t.Errorf("%d bytes were sent of another content", other)
	}
	content = content[:100]
	put()
	info, err := b.pieces.Info(t.Context())
	if err != nil || info.State.Msgs != 1 {
		t.Errorf("%d pieces are stored, want 1; %v", info.State.Msgs, err)
	}
}

func TestOfManyWhoAppendToAFileOneIsLast(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0"})
	other := open(t, Config{URL: b.URL()})
	begin := bytes.Repeat([]byte{'.'}, 300<<10)
	if _, err := b.PutFile(t.Context(), "file", bytes.NewReader(begin)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			content := append(bytes.Clone(begin), bytes.Repeat([]byte{byte('a' + n)}, 1+n)...)
			if _, err := []*Bus{b, other}[n%2].PutFile(t.Context(), "file", bytes.NewReader(content)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	var got bytes.Buffer
	if _, err := b.GetFile(t.Context(), "file", nil, &got); err != nil || !bytes.HasPrefix(got.Bytes(), begin) {
		t.Fatalf("it has %d bytes, %v", got.Len(), err)
	}
	if last := got.Bytes()[len(begin):]; len(last) != 1+int(last[0]-'a') {
		t.Errorf("it ends in %q", last)
	}
}

func TestFilesAreListedByTheirDirectory(t *testing.T) {
	b := open(t, Config{})
	longest := strings.Repeat("p/", maxFilePath/2-1) + "pp"
	for _, path := range []string{"a", "dir/b", "dir/gone", "dir/some dir/c", "directory/d", longest} {
		if _, err := b.PutFile(t.Context(), path, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.DeleteFile(t.Context(), "dir/gone"); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string][]string{
		".":   {"a", "dir/b", "dir/gone (deleted)", "dir/some dir/c", "directory/d", longest},
		"dir": {"dir/b", "dir/gone (deleted)", "dir/some dir/c"}, "dir/some dir": {"dir/some dir/c"}, "none": nil, "a": nil,
	} {
		var got []string
		err := b.ListFiles(t.Context(), dir, func(path string, deleted time.Time) bool {
			if !deleted.IsZero() {
				path += " (deleted)"
			}
			got = append(got, path)
			return true
		})
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%q: %v (- want, + got):\n%s", dir, err, diff)
		}
	}
	n := 0
	if err := b.ListFiles(t.Context(), ".", func(string, time.Time) bool { n++; return n < 2 }); n != 2 || err != nil {
		t.Errorf("it told of %d files when two were enough, %v", n, err)
	}
}

func TestOfAFileThatGrewOnlyTheRestIsFetched(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0"})
	other := open(t, Config{URL: b.URL()})
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<18)
	get := func(what string, have []byte, most uint64) {
		t.Helper()
		if _, err := b.PutFile(t.Context(), "log", bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		before := other.conn.Stats().InBytes
		var got bytes.Buffer
		if _, err := other.GetFile(t.Context(), "log", bytes.NewReader(have), &got); err != nil || !bytes.Equal(got.Bytes(), content) {
			t.Fatalf("%s: read %d bytes of %d, %v", what, got.Len(), len(content), err)
		}
		if came := other.conn.Stats().InBytes - before; came > most {
			t.Errorf("%s: %d bytes came, want at most %d", what, came, most)
		}
	}
	all := uint64(len(content)) + 100_000
	get("without any", nil, all)
	for n := range 5 {
		have := bytes.Clone(content)
		content = append(content, bytes.Repeat([]byte{byte(n)}, 1000)...)
		get("after it grew", have, 20_000)
	}
	get("as it is", content, 10_000)
	get("of one that was cut", content[:len(content)-500], 20_000)
	get("of one that goes on in another way", append(bytes.Clone(content[:4<<20]), "otherwise"...), 20_000)
	get("of another", bytes.Repeat([]byte{'x'}, len(content)), all)
}
