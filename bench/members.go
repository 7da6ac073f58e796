package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/faaslens/faaslens/toolchain"
)

// member is a process of a service: the built binary, as users run it.
type member struct {
	cmd  *exec.Cmd
	said *bytes.Buffer
	url  string
	nats string // where others join it
}

// members starts so many processes with so many workers each, on one NATS, the first
// member's. Stop ends them.
func (s *session) members(ctx context.Context, name string, count, workers int) (all []*member, stop func(), err error) {
	stop = func() {
		for _, m := range all {
			_ = m.cmd.Process.Signal(syscall.SIGTERM)
			_ = m.cmd.Wait() // it was not asked for more than its figures
		}
	}
	for n := range count {
		args := []string{"serve", "--listen", "127.0.0.1:0", "--log-level", "error", "--workers", strconv.Itoa(workers),
			"--name", "member-" + strconv.Itoa(n), "--data", s.shop.path("members", name+"-"+strconv.Itoa(n))}
		if n == 0 {
			args = append(args, "--nats-listen", "127.0.0.1:0")
		} else {
			args = append(args, "--nats", all[0].nats)
		}
		m, err := startMember(ctx, s.binary, args)
		if err != nil {
			stop()
			return nil, nil, err
		}
		all = append(all, m)
	}
	if err := s.stock(ctx, all); err != nil {
		stop()
		return nil, nil, err
	}
	return all, stop, nil
}

func startMember(ctx context.Context, binary string, args []string) (*member, error) {
	m := &member{cmd: exec.CommandContext(ctx, binary, args...), said: new(bytes.Buffer)}
	m.cmd.Stderr = m.said
	out, err := m.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := m.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w: run make build, or name it with -faaslens", binary, err)
	}
	lines := bufio.NewScanner(out)
	for (m.url == "" || m.nats == "") && lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "ready: "); ok {
			m.url = url
			if !strings.Contains(strings.Join(args, " "), "--nats-listen") {
				break
			}
		}
		if url, ok := strings.CutPrefix(lines.Text(), "ready for other members: "); ok {
			m.nats = url
		}
	}
	if m.url == "" {
		return nil, errors.Join(fmt.Errorf("%s is not ready: %s", m.cmd, m.said), m.cmd.Wait())
	}
	return m, nil
}

// stock builds the benchmark's functions, gives them to the first member and waits until
// all have them.
func (s *session) stock(ctx context.Context, all []*member) error {
	tools := toolchain.Find(ctx, toolchain.Host{Env: os.Environ()}, toolchain.C)
	for _, function := range []string{"hello", "crunch", "doze", "spread"} {
		out := s.shop.path(function + "-member.wasm")
		if _, err := os.Stat(out); err != nil {
			if _, err := tools.Build(ctx, toolchain.Request{Sources: []string{s.shop.path("guests", function+".c")}, Output: out}); err != nil {
				return err
			}
		}
		b, err := os.ReadFile(out)
		if err != nil {
			return err
		}
		path := "/v1/functions/bench/" + function
		if _, err := all[0].ask(ctx, "PUT", path, b); err != nil {
			return err
		}
		for _, m := range all[1:] {
			for {
				if _, err := m.ask(ctx, "GET", path, nil); err == nil {
					break
				} else if ctx.Err() != nil {
					return err
				}
			}
		}
	}
	return nil
}

// ask asks a member and returns the answer's body.
func (m *member) ask(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, m.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode > 299 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, b)
	}
	return b, err
}

// start starts a function so often on 16 connections, and returns how many came to their
// stored ends in a second.
func (m *member) start(ctx context.Context, function, input string, calls int) (float64, error) {
	const connections = 16
	address := strings.TrimPrefix(m.url, "http://")
	l := &load{address: address, accepted: true, connections: connections, request: fmt.Sprintf(
		"POST /v1/functions/bench/%s/start HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", function, address, len(input), input)}
	begin := time.Now()
	if _, err := l.run(ctx, calls); err != nil {
		return 0, err
	}
	if err := m.settle(ctx); err != nil {
		return 0, err
	}
	return float64(calls/connections*connections) / time.Since(begin).Seconds(), nil
}

// settle waits until the results of all that was started are stored.
func (m *member) settle(ctx context.Context) error {
	for {
		b, err := m.ask(ctx, "GET", "/metrics", nil)
		if err != nil {
			return err
		}
		if bytes.Contains(b, []byte("\nfaaslens_backlog 0\n")) {
			return nil
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
