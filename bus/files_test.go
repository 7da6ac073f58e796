package bus

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
	"sync"
	"testing"
)

func TestFilesAreTheSameOnAllHosts(t *testing.T) {
	b := open(t, Config{Listen: "127.0.0.1:0"})
	other := open(t, Config{URL: b.URL()})
	const path = "some dir/file.txt"
	if digest, deleted, err := other.StatFile(t.Context(), path); digest != "" || !deleted.IsZero() || err != nil {
		t.Errorf("before it was there: %q, %v, %v", digest, deleted, err)
	}
	if _, err := other.GetFile(t.Context(), path, io.Discard); !errors.Is(err, fs.ErrNotExist) {
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
		if digest, err := other.GetFile(t.Context(), path, &got); err != nil || digest != put || !bytes.Equal(got.Bytes(), content) {
			t.Errorf("read %d bytes of %d, digest %s, %v", got.Len(), len(content), digest, err)
		}
	}
	if err := other.DeleteFile(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if digest, deleted, err := b.StatFile(t.Context(), path); digest != "" || deleted.IsZero() || err != nil {
		t.Errorf("after it was deleted: %q, %v, %v", digest, deleted, err)
	}
	if _, err := b.GetFile(t.Context(), path, io.Discard); !errors.Is(err, fs.ErrNotExist) {
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
	if _, err := b.GetFile(t.Context(), "file", &got); err != nil || !bytes.Equal(got.Bytes(), bytes.Repeat(got.Bytes()[:1], 300<<10)) {
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
		half := io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), broken{want})
		if _, err := b.PutFile(t.Context(), "file", half); !errors.Is(err, want) {
			t.Errorf("putting it: %v, want %v", err, want)
		}
	}
	var got bytes.Buffer
	if _, err := b.GetFile(t.Context(), "file", &got); err != nil || got.String() != "old" {
		t.Errorf("it is %q, %v", &got, err)
	}
}

// broken is a reader that fails.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
