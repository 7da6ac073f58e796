package cli

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/worker"
)

// microbenchRunner is Faasm's microbench_runner: it runs what each line of a file
// names, user,function,runs[,input], and writes each run's time to another. With
// --reset it writes the column that Faasm's had until 2023, too.
func (s *session) microbenchRunner(args []string) int {
	log := s.faasmLog()
	files, options, err := parseOptions(args, map[string]bool{"reset": false})
	if err != nil || len(files) != 2 {
		if err != nil {
			log.fail("%v", err)
		}
		log.fail("Usage: microbench_runner <infile> <outfile> [--reset]")
		return exitFailed
	}
	_, reset := options["reset"]
	ctx, release := interruptible(context.Background())
	defer release()
	if err := s.microbench(ctx, log, files[0], files[1], reset); err != nil {
		log.fail("%v", err)
		if sig, ok := context.Cause(ctx).(*interrupted); ok {
			return exitCode(sig)
		}
		return exitFailed
	}
	return exitOK
}

func (s *session) microbench(ctx context.Context, log *faasmLog, in, out string, reset bool) (err error) {
	src, err := os.Open(in)
	if err != nil {
		return fmt.Errorf("read the list of functions: %w", err)
	}
	defer src.Close()
	dst, err := os.Create(out)
	if err != nil {
		return fmt.Errorf("write the times: %w", err)
	}
	defer func() {
		if closing := dst.Close(); err == nil && closing != nil {
			err = fmt.Errorf("write the times: %w", closing)
		}
	}()
	w, err := s.faasmWorkshop()
	if err != nil {
		return err
	}
	defer w.close()
	defer s.answerStacks(w.worker)()
	m := &microbench{session: s, log: log, workshop: w, out: dst, reset: reset}
	return m.all(ctx, src, in)
}

// microbench times functions.
type microbench struct {
	session  *session
	log      *faasmLog
	workshop *workshop
	out      io.Writer
	reset    bool
}

// benchLine is one line of the input.
type benchLine struct {
	user, function string
	runs           int
	input          string
}

func parseBenchLine(text string) (benchLine, error) {
	fields := strings.Split(text, ",")
	if len(fields) != 3 && len(fields) != 4 {
		return benchLine{}, fmt.Errorf("%q: want user,function,runs or user,function,runs,input", text)
	}
	runs, err := strconv.Atoi(strings.TrimSpace(fields[2]))
	if err != nil || runs < 0 {
		return benchLine{}, fmt.Errorf("%q: %q is no number of runs", text, fields[2])
	}
	l := benchLine{user: fields[0], function: fields[1], runs: runs}
	if len(fields) == 4 {
		l.input = fields[3]
	}
	return l, nil
}

func (m *microbench) all(ctx context.Context, r io.Reader, name string) error {
	header := "User,Function,Return value,Execution (us)"
	if m.reset {
		header += ",Reset (us)"
	}
	if _, err := fmt.Fprintln(m.out, header); err != nil {
		return fmt.Errorf("write the times: %w", err)
	}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimRight(lines.Text(), "\r")
		if text == "" {
			continue
		}
		l, err := parseBenchLine(text)
		if err == nil {
			err = m.line(ctx, l)
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return nil
}

// line runs one line's function once unrecorded, and then as often as it says, or up
// to the first failure, which is logged and recorded.
func (m *microbench) line(ctx context.Context, l benchLine) error {
	name, python, err := faasmFunction(l.user, l.function)
	if err != nil {
		return err
	}
	m.log.info("Running %s/%s for %d runs", l.user, l.function, l.runs)
	f, err := m.workshop.open(ctx, name)
	if err != nil {
		return err
	}
	defer f.Close()
	inv := &worker.Invocation{
		Python: python, Input: []byte(l.input), Args: faasm.Args(""), Observer: m.log.hostCalls(),
		Stdin: m.session.stdin, Stdout: m.session.stdout, Stderr: m.session.stderr,
	}
	for n := range 1 + l.runs {
		started := time.Now()
		o, err := f.Invoke(ctx, inv)
		whole := time.Since(started)
		returned := o.Code
		if err != nil {
			e := invocationEnding(ctx, m.workshop.store, f, guest.Limits{}, nil, o, err)
			m.log.logEnding(&e)
			returned = 1 // as Faasm has it for whatever went wrong
		}
		if n > 0 {
			if err := m.record(l, returned, o.Elapsed, whole-o.Elapsed); err != nil {
				return err
			}
		}
		switch {
		case ctx.Err() != nil:
			return cause(ctx, ctx.Err())
		case returned != 0:
			m.log.fail("%s/%s failed with %d", l.user, l.function, returned)
			return nil
		}
	}
	return nil
}

// record writes a row: how long the call took with its fresh instance and, apart from
// that, what was made ready for it and put away.
func (m *microbench) record(l benchLine, returned int32, execution, reset time.Duration) error {
	row := fmt.Sprintf("%s,%s,%d,%s", l.user, l.function, returned, micros(execution))
	if m.reset {
		row += "," + micros(reset)
	}
	if _, err := fmt.Fprintln(m.out, row); err != nil {
		return fmt.Errorf("write the times: %w", err)
	}
	return nil
}

func micros(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Nanoseconds())/1000, 'f', -1, 64)
}
