package wasi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/faaslens/faaslens/guest"
)

// Config is what one invocation is given. The zero Config is a program without
// arguments, environment, input and files, whose output is thrown away.
type Config struct {
	// Args are the program's arguments, its name first; Env is its environment as
	// NAME=VALUE.
	Args, Env []string

	// Stdin is read when the guest reads descriptor 0; nil is empty. A read waits
	// until the invocation's context ends at most:
	//
	//   - a reader with a Len method (bytes.Reader, bytes.Buffer,
	//     strings.Reader) is in memory and read where the guest runs;
	//   - an *os.File is waited for with poll(2) and read once it is readable, so
	//     that nothing is lost when the wait is cut short;
	//   - any other reader is read by one goroutine, 32 KiB at a time, and only
	//     when the guest asks. If the context ends first, that goroutine stays
	//     until its Read returns, and what it read is dropped: who gave the
	//     reader closes it.
	Stdin io.Reader

	// Stdout and Stderr take what the guest writes to descriptors 1 and 2; nil
	// throws it away. A *guest.Limit that Write returns ends the invocation;
	// any other error becomes the guest's errno. A Write that blocks is not cut
	// short.
	Stdout, Stderr io.Writer

	// Preopens become the descriptors from 3 on.
	Preopens []Preopen

	// Shared are the files behind paths that begin with faasm://, whatever directory
	// they start from. Nil: such paths mean nothing special.
	Shared Shared

	// Now is the realtime clock and Monotonic the monotonic one; nil are the
	// machine's, the latter counted from the invocation's first look at it.
	Now       func() time.Time
	Monotonic func() time.Duration

	// Random fills random_get; nil is crypto/rand.
	Random io.Reader

	// MaxDescriptors bounds the descriptors open at a time, the standard streams
	// and preopens among them; zero is 1,024.
	MaxDescriptors int
}

// Preopen is a directory that the guest finds open.
type Preopen struct {
	// Guest is the name by which the guest knows it, such as "/data" or ".".
	Guest string
	// Root may be shared by any number of invocations at a time and is not closed.
	Root *os.Root
	// ReadOnly makes every kind of write under it fail with EROFS.
	ReadOnly bool
}

const (
	firstPreopen       = 3
	defaultDescriptors = 1024
)

// Validate reports what is wrong with the configuration, or nil. Reset relies on
// it having been called.
func (c *Config) Validate() error {
	for i, a := range c.Args {
		if strings.IndexByte(a, 0) >= 0 {
			return fmt.Errorf("argument %d %q: contains a NUL, which a C string cannot", i, a)
		}
	}
	for _, e := range c.Env {
		if strings.IndexByte(e, 0) >= 0 {
			return fmt.Errorf("environment entry %q: contains a NUL, which a C string cannot", e)
		}
		if strings.IndexByte(e, '=') <= 0 {
			return fmt.Errorf("environment entry %q: want NAME=VALUE", e)
		}
	}
	for _, p := range c.Preopens {
		switch {
		case p.Root == nil:
			return fmt.Errorf("preopened directory %q: no root", p.Guest)
		case p.Guest == "":
			return errors.New("preopened directory: its name in the guest is empty; want one such as /data")
		case len(p.Guest) >= maxPath || !utf8.ValidString(p.Guest) || strings.IndexByte(p.Guest, 0) >= 0:
			return fmt.Errorf("preopened directory %.80q: want a name in UTF-8 without NUL, shorter than %d bytes", p.Guest, maxPath)
		}
	}
	if n := c.MaxDescriptors; n != 0 && n < firstPreopen+len(c.Preopens) {
		return fmt.Errorf("limit of %d descriptors: the standard streams and %d preopened directories already need %d",
			n, len(c.Preopens), firstPreopen+len(c.Preopens))
	}
	return nil
}

// System is the state of one invocation, one per thread at a time. The zero System
// has no descriptors; Reset prepares it, and prepares it again.
type System struct {
	cfg     Config
	table   []descriptor
	stdin   stdin
	epoch   time.Time // of the monotonic clock
	max     int
	gather  []byte     // several buffers of a guest become one write
	entries []byte     // of a directory, as the host lists them
	common  descriptor // the directory of shared files, once it was needed
}

// Reset makes s the state of a new invocation, having closed what the one before
// left. It copies cfg, which has been validated.
func (s *System) Reset(cfg *Config) {
	s.Close()
	s.cfg = *cfg
	s.stdin.reset(cfg.Stdin)
	s.max = cfg.MaxDescriptors
	if s.max == 0 {
		s.max = max(defaultDescriptors, firstPreopen+len(cfg.Preopens))
	}
	s.table = append(s.table[:0],
		descriptor{kind: kindStdin, filetype: typeCharacterDevice, base: stdinRights, file: -1},
		descriptor{kind: kindOutput, filetype: typeCharacterDevice, base: outputRights, file: -1, w: cfg.Stdout},
		descriptor{kind: kindOutput, filetype: typeCharacterDevice, base: outputRights, file: -1, w: cfg.Stderr},
	)
	for i := range cfg.Preopens {
		p := &cfg.Preopens[i]
		s.table = append(s.table, descriptor{
			kind: kindDirectory, filetype: typeDirectory, base: directoryRights, inheriting: inheritedRights,
			file: -1, root: p.Root, readOnly: p.ReadOnly, preopen: p.Guest,
		})
	}
}

// Close closes what the guest left open and forgets what the invocation was given.
// It may be called twice; the preopened roots stay open.
func (s *System) Close() {
	for i := range s.table {
		s.table[i].close()
	}
	s.table = s.table[:0]
	if s.common.root != nil {
		s.common.close()
	}
	s.stdin = stdin{}
	s.cfg = Config{}
	s.epoch = time.Time{}
}

// ended is how an invocation ends whose context ended while it waited.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if limit := (*guest.Limit)(nil); errors.As(cause, &limit) {
		return limit
	}
	if errors.Is(cause, context.DeadlineExceeded) {
		return &guest.Limit{Kind: guest.LimitDeadline}
	}
	return &guest.Limit{Kind: guest.LimitCancelled}
}
