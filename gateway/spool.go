package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Spool is a request's body that has arrived, all of it: in memory if it is small, else in
// a file that nobody else sees and that is gone with the process.
type Spool struct {
	io.ReadSeeker
	Size int64
	file *os.File // nil if it is in memory
}

// Close frees it.
func (s *Spool) Close() {
	if s.file != nil {
		s.file.Close()
	}
}

// smallBody is how much of a body is kept in memory, in bytes.
const smallBody = 1 << 20

// SpoolBody receives a body of at most that many bytes; each megabyte may take as long as
// given. Large ones go into a file in a directory. The caller closes the spool.
func SpoolBody(w http.ResponseWriter, r *http.Request, dir string, most int64, within time.Duration) (*Spool, *Problem) {
	if r.ContentLength > most {
		w.Header().Set("Connection", "close")
		return nil, bodyProblem(&http.MaxBytesError{Limit: most})
	}
	in := &pacedBody{http.MaxBytesReader(w, r.Body, most), http.NewResponseController(w), within, 0}
	s, err := spool(in, dir)
	if err == nil {
		err = in.control.SetReadDeadline(time.Time{})
	}
	if err == nil {
		return s, nil
	}
	if s != nil {
		s.Close()
	}
	w.Header().Set("Connection", "close")
	var full *spoolError
	if errors.As(err, &full) {
		return nil, &Problem{Status: http.StatusInsufficientStorage, Error: full.Error(), Hint: "make room there"}
	}
	return nil, bodyProblem(err)
}

// spoolError is a body that arrived and could not be kept.
type spoolError struct{ err error }

func (e *spoolError) Error() string {
	return fmt.Sprintf("the server cannot keep the body: %v", e.err)
}
func (e *spoolError) Unwrap() error { return e.err }

func spool(in io.Reader, dir string) (*Spool, error) {
	var small bytes.Buffer
	n, err := io.CopyN(&small, in, smallBody)
	if err == io.EOF {
		return &Spool{ReadSeeker: bytes.NewReader(small.Bytes()), Size: n}, nil
	}
	if err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(dir, ".body-*")
	if err != nil {
		return nil, &spoolError{err}
	}
	s := &Spool{ReadSeeker: f, file: f}
	// Without a name it is gone with us, however we end.
	if err := os.Remove(f.Name()); err != nil {
		return s, &spoolError{err}
	}
	to := &keeper{f: f}
	if s.Size, err = io.Copy(to, io.MultiReader(&small, in)); err != nil {
		return s, err
	}
	if _, err = f.Seek(0, io.SeekStart); err != nil {
		return s, &spoolError{err}
	}
	return s, nil
}

// keeper writes to a file, and tells its errors from those of reading.
type keeper struct{ f *os.File }

func (k *keeper) Write(p []byte) (int, error) {
	n, err := k.f.Write(p)
	if err != nil {
		return n, &spoolError{err}
	}
	return n, nil
}

// pacedBody is a body of which each megabyte must arrive within a time.
type pacedBody struct {
	body    io.Reader
	control *http.ResponseController
	within  time.Duration
	left    int64 // until the deadline is set anew
}

func (b *pacedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		if err := b.control.SetReadDeadline(time.Now().Add(b.within)); err != nil {
			return 0, err
		}
		b.left = 1 << 20
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
