package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strconv"
	"sync"
	"time"
)

// load asks a server the same over connections that it keeps, each waiting for its answer
// before it asks again. It is written on bare connections so that it takes as little as
// possible of the processors that it shares with the server.
type load struct {
	address     string
	request     string // as it goes over the wire
	want        string // the body of every answer; "" for any
	accepted    bool   // every answer is 202, not 200
	connections int
}

// run returns how many answers came in a second.
func (l *load) run(ctx context.Context, requests int) (float64, error) {
	errs := make([]error, l.connections)
	var wg sync.WaitGroup
	start := time.Now()
	for k := range l.connections {
		wg.Go(func() { errs[k] = l.connection(ctx, requests/l.connections) })
	}
	wg.Wait()
	took := time.Since(start)
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return float64(requests/l.connections*l.connections) / took.Seconds(), nil
}

func (l *load) connection(ctx context.Context, requests int) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", l.address)
	if err != nil {
		return err
	}
	defer c.Close()
	r := bufio.NewReader(c)
	request := []byte(l.request)
	body := make([]byte, len(l.want))
	for range requests {
		if _, err := c.Write(request); err != nil {
			return err
		}
		if err := l.readAnswer(r, body); err != nil {
			return err
		}
		if l.want != "" && string(body) != l.want {
			return fmt.Errorf("the answer is %q, want %q", body, l.want)
		}
	}
	return nil
}

// readAnswer reads a response whose body has the size of body, or any where none is wanted.
func (l *load) readAnswer(r *bufio.Reader, body []byte) error {
	status := []byte("HTTP/1.1 200")
	if l.accepted {
		status = []byte("HTTP/1.1 202")
	}
	length := -1
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = textproto.TrimBytes(line)
		if len(line) == 0 {
			break
		}
		if first && !bytes.HasPrefix(line, status) {
			return fmt.Errorf("the server answers %q", line)
		}
		if n, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(n)); err != nil {
				return err
			}
		}
	}
	if l.want == "" {
		_, err := r.Discard(max(length, 0))
		return err
	}
	if length != len(body) {
		return fmt.Errorf("the answer has %d bytes, want %d", length, len(body))
	}
	_, err := io.ReadFull(r, body)
	return err
}
