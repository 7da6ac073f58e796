package perf

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// MapDir is where perf looks for maps.
const MapDir = "/tmp"

// Map is the file PID.map of this process, perf-PID.map, by which perf names code that
// is in no file (Linux, tools/perf/Documentation, jit-interface.txt): for each function
// a line with address, size and name. A Map may be used by several goroutines.
type Map struct {
	mu   sync.Mutex
	file *os.File
}

// CreateMap starts the map of this process in a directory, MapDir for perf to find it.
// One that an earlier process with the same number left is replaced.
func CreateMap(dir string) (*Map, error) {
	path := filepath.Join(dir, fmt.Sprintf("perf-%d.map", os.Getpid()))
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("create a map for perf: %w: use --perf=jitdump instead", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create a map for perf: %w: use --perf=jitdump instead", err)
	}
	return &Map{file: f}, nil
}

// Add says that code is in memory.
func (m *Map) Add(c Code) error {
	names, err := c.names()
	if err != nil {
		return fmt.Errorf("add to perf's map: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	w := bufio.NewWriterSize(m.file, 1<<16)
	for _, n := range names {
		fmt.Fprintf(w, "%x %x %s\n", c.Base+n.start, n.end-n.start, n.name)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write perf's map: %w", err)
	}
	return nil
}

// Close ends the map. The file stays, for perf report.
func (m *Map) Close() error { return m.file.Close() }
