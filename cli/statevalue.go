package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/state"
)

// stateFlags is what the command line says about reading or writing a value.
type stateFlags struct {
	server string
	offset sizeFlag
	length sizeFlag
	part   bool // an offset was given
	json   bool
}

func (s *session) stateGetCommand() *cobra.Command {
	var f stateFlags
	cmd := &cobra.Command{
		Use:   "get USER/KEY [FILE] [flags]",
		Short: "Read a value",
		Long: `Writes a value, or a part of it, to stdout or into a file, which appears when all of it
has arrived.`,
		Example: `  faaslens state get demo/model model.bin
  faaslens state get demo/log --offset 4096 --length 100`,
		Args: valueArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.onValue(cmd, args, &f, s.getValue) },
	}
	serverFlag(cmd, &f.server)
	cmd.Flags().Var(&f.offset, "offset", "from that byte on: `SIZE`")
	cmd.Flags().Var(&f.length, "length", "so much and no more: `SIZE` (default: to the end)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print a JSON object; without FILE, the value is in it")
	return cmd
}

func (s *session) statePutCommand() *cobra.Command {
	var f stateFlags
	cmd := &cobra.Command{
		Use:   "put USER/KEY [FILE] [flags]",
		Short: "Write a value",
		Long: `Makes a value of a file or of stdin. Nothing of it is written before the service has all
of it. With --offset it is written into the value that there is.`,
		Example: `  faaslens state put demo/model model.bin
  faaslens state put demo/log --offset 4096 < entry.txt`,
		Args: valueArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.part = cmd.Flags().Changed("offset")
			return s.onValue(cmd, args, &f, s.putValue)
		},
	}
	serverFlag(cmd, &f.server)
	cmd.Flags().Var(&f.offset, "offset", "into the value, from that byte on: `SIZE`")
	cmd.Flags().BoolVar(&f.json, "json", false, "print a JSON object")
	return cmd
}

// onValue does something with the value and the file that the arguments name; "" is no file.
func (s *session) onValue(cmd *cobra.Command, args []string, f *stateFlags, do func(ctx context.Context, k state.Key, file string, f *stateFlags) error) error {
	k, err := parseValue(args[0])
	if err != nil {
		return err
	}
	file := ""
	if len(args) > 1 && args[1] != "-" {
		file = args[1]
	}
	ctx, release := interruptible(cmd.Context())
	defer release()
	return stateError(ctx, do(ctx, k, file, f))
}

// valueReport is a value as get and put print it with --json.
type valueReport struct {
	gateway.Value        // its size is of what was read or of the whole value as it is now
	File          string `json:"file,omitempty"`
	Text          string `json:"value,omitempty"`
	Encoding      string `json:"value_encoding,omitempty"`
}

// maxValueJSON bounds a value within JSON, in bytes.
const maxValueJSON = 64 << 20

func (s *session) getValue(ctx context.Context, k state.Key, file string, f *stateFlags) error {
	c, err := s.client(f.server)
	if err != nil {
		return err
	}
	body, size, err := c.State(ctx, k, int64(f.offset), int64(f.length))
	if err != nil {
		return err
	}
	defer body.Close()
	report := valueReport{Value: gateway.Value{User: k.User, Listed: state.Listed{Key: k.Name, Size: size}}, File: file}
	from, done := s.moving(body, fmt.Sprintf("reading %s/%s", k.User, k.Name), size)
	defer done()
	switch {
	case file != "":
		err = writeWhole(file, func(w io.Writer) error { _, err := io.Copy(w, from); return err })
	case f.json && size > maxValueJSON:
		return fmt.Errorf("the value has %s, too much for JSON: give a FILE", guest.FormatBytes(uint64(size)))
	case f.json:
		var b []byte
		b, err = io.ReadAll(from)
		report.Text, report.Encoding = jsonText(b)
	default:
		_, err = io.Copy(s.stdout, from)
	}
	if err != nil {
		return fmt.Errorf("read %s/%s: %w", k.User, k.Name, err)
	}
	if f.json {
		return writeJSON(s.stdout, report)
	}
	return nil
}

func (s *session) putValue(ctx context.Context, k state.Key, file string, f *stateFlags) error {
	c, err := s.client(f.server)
	if err != nil {
		return err
	}
	in, size := s.stdin, int64(-1)
	if file == "" && (in == nil || isTerminal(in)) {
		return misuse("what shall the value be? give a FILE, or send it on stdin")
	}
	if file != "" {
		opened, err := os.Open(file)
		if err != nil {
			return err
		}
		defer opened.Close()
		if info, err := opened.Stat(); err == nil && info.Mode().IsRegular() {
			size = info.Size()
		}
		in = opened
	}
	from, done := s.moving(in, fmt.Sprintf("writing %s/%s", k.User, k.Name), size)
	defer done()
	var v *gateway.Value
	if f.part {
		v, err = c.PutStateAt(ctx, k, int64(f.offset), from, size)
	} else {
		v, err = c.PutState(ctx, k, from, size)
	}
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(s.stdout, valueReport{Value: *v, File: file})
	}
	done()
	fmt.Fprintf(s.stderr, "%s/%s has %s\n", k.User, printable(k.Name), guest.FormatBytes(uint64(v.Size)))
	return nil
}

// moving tells people how far a reader has come, once that takes long. Done removes what it
// shows; it may be called twice.
func (s *session) moving(r io.Reader, what string, size int64) (_ io.Reader, done func()) {
	m := &movingReader{r: r, what: printable(what), size: size, progress: s.newProgress(), session: s, began: s.now()}
	return m, m.progress.done
}

type movingReader struct {
	r        io.Reader
	what     string
	size     int64 // negative: not known
	moved    int64
	progress *progress
	session  *session
	began    time.Time
}

func (m *movingReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.moved += int64(n)
	m.progress.show(m.session.now().Sub(m.began), func() string {
		of := ""
		if m.size >= 0 {
			of = " of " + guest.FormatBytes(uint64(m.size))
		}
		return fmt.Sprintf("%s: %s%s so far", m.what, guest.FormatBytes(uint64(m.moved)), of)
	})
	return n, err
}
