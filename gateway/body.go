package gateway

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// readBody reads a request's body, within a size and the time for bodies.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, *Problem) {
	switch {
	case r.ContentLength == 0:
		return nil, nil
	case r.ContentLength > most:
		w.Header().Set("Connection", "close")
		return nil, bodyProblem(&http.MaxBytesError{Limit: most})
	}
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(time.Now().Add(g.cfg.BodyTimeout)); err != nil {
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
