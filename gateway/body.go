package gateway

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// ReadBody reads a request's body of at most that many bytes within that time.
func ReadBody(w http.ResponseWriter, r *http.Request, most int64, within time.Duration) ([]byte, *Problem) {
	switch {
	case r.ContentLength == 0:
		return nil, nil
	case r.ContentLength > most:
		w.Header().Set("Connection", "close")
		return nil, bodyProblem(&http.MaxBytesError{Limit: most})
	}
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return nil, bodyProblem(err)
	}
	var b bytes.Buffer
	// What the client says of the length is a hint: it gets no memory for it.
	const believed = 1 << 20
	b.Grow(int(min(max(r.ContentLength, 0), believed)) + bytes.MinRead)
	if _, err := io.Copy(&b, http.MaxBytesReader(w, r.Body, most)); err != nil {
		w.Header().Set("Connection", "close")
		return nil, bodyProblem(err)
	}
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		return nil, bodyProblem(err)
	}
	return b.Bytes(), nil
}
