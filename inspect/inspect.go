package inspect

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	suffix    = ".sock"
	timeout   = 5 * time.Second
	maxReport = 64 << 20
)

// Listener answers those who ask this process. It owns one goroutine, which Close ends,
// and one for each connection, which ends within five seconds.
type Listener struct {
	path   string
	socket net.Listener
	done   sync.WaitGroup
	close  sync.Once
}

// Listen makes the process's socket in dir, which is made if need be. report is called
// for each connection; what it returns is sent as JSON.
func Listen(dir string, report func() any) (*Listener, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("listen for those who ask for stacks: %w", err)
	}
	if err := checkOwner(dir); err != nil {
		return nil, fmt.Errorf("listen for those who ask for stacks: %w", err)
	}
	path := filepath.Join(dir, strconv.Itoa(os.Getpid())+suffix)
	// One of that name is left of a process that was killed.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listen for those who ask for stacks: %w", err)
	}
	socket, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for those who ask for stacks: %w", err)
	}
	l := &Listener{path: path, socket: socket}
	l.done.Add(1)
	go l.serve(report)
	return l, nil
}

// checkOwner refuses a directory that others could have made or can enter.
func checkOwner(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !ok || int(st.Uid) != os.Getuid() || info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s is not a directory of this user alone: remove it", dir)
	}
	return nil
}

func (l *Listener) serve(report func() any) {
	defer l.done.Done()
	for {
		c, err := l.socket.Accept()
		if err != nil {
			return // closed
		}
		l.done.Go(func() {
			defer c.Close()
			if c.SetDeadline(time.Now().Add(timeout)) == nil {
				// Who asked may be gone; there is nobody to tell.
				_ = json.NewEncoder(c).Encode(report())
			}
		})
	}
}

// Close stops listening, removes the socket and waits for the answers under way.
func (l *Listener) Close() error {
	var err error
	l.close.Do(func() {
		err = l.socket.Close()
		l.done.Wait()
	})
	return err
}

// Processes lists the PIDs of those that listen in dir, ascending. Sockets that nobody
// listens on any more are removed.
func Processes(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for running processes: %w", err)
	}
	var pids []int
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), suffix)
		pid, err := strconv.Atoi(name)
		if !ok || err != nil || pid <= 0 {
			continue
		}
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			// Only tidying: a socket that stays is passed over again.
			_ = os.Remove(filepath.Join(dir, e.Name()))
			continue
		}
		pids = append(pids, pid)
	}
	slices.Sort(pids)
	return pids, nil
}

// ErrNotListening is a process that does not answer: there is none, it is none of ours
// or it uses another directory.
var ErrNotListening = errors.New("no such process listens")

// Fetch asks a process and decodes its report into v.
func Fetch(dir string, pid int, v any) error {
	c, err := net.DialTimeout("unix", filepath.Join(dir, strconv.Itoa(pid)+suffix), timeout)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("ask process %d: %w in %s", pid, ErrNotListening, dir)
	}
	if err != nil {
		return fmt.Errorf("ask process %d: %w", pid, err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(timeout)); err != nil {
		return fmt.Errorf("ask process %d: %w", pid, err)
	}
	if err := json.NewDecoder(io.LimitReader(c, maxReport)).Decode(v); err != nil {
		return fmt.Errorf("ask process %d: read its answer: %w", pid, err)
	}
	return nil
}
