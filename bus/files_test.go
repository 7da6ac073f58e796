package bus

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
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

func TestAFileThatCannotBeReadLeavesTheOldOne(t *testing.T) {
	b := open(t, Config{})
	if _, err := b.PutFile(t.Context(), "file", bytes.NewReader([]byte("old"))); err != nil {
		t.Fatal(err)
	}
	half := io.MultiReader(bytes.NewReader(make([]byte, 1<<20)), broken{})
	if _, err := b.PutFile(t.Context(), "file", half); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("putting it: %v", err)
	}
	var got bytes.Buffer
	if _, err := b.GetFile(t.Context(), "file", &got); err != nil || got.String() != "old" {
		t.Errorf("it is %q, %v", &got, err)
	}
}

// broken is a reader that fails.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
