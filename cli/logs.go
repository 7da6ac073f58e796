package cli

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/gateway"
)

func (s *session) logsCommand() *cobra.Command {
	var server, member, function string
	var invocation uint32
	var asJSON, follow bool
	var tail int
	cmd := &cobra.Command{
		Use:   "logs [flags]",
		Short: "Show what invocations of a service wrote",
		Long: `Shows the last invocations of a service that ended: how each went, and the first of
what it wrote on stdout and stderr. The time is all that it took, with the wait for a
worker; 'faaslens graph' has the parts. An invocation's own log has those that it
chained, too.`,
		Example: `  faaslens logs --tail 20
  faaslens logs --function demo/hello --follow
  faaslens logs --invocation 1804289383 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.client(server)
			if err != nil {
				return err
			}
			query := url.Values{}
			if cmd.Flags().Changed("tail") {
				query.Set("tail", strconv.Itoa(tail))
			}
			if function != "" {
				if _, err := parseFunction(function); err != nil {
					return err
				}
				query.Set("function", function)
			}
			if invocation != 0 {
				query.Set("invocation", strconv.FormatUint(uint64(invocation), 10))
			}
			if member != "" {
				query.Set("member", member)
			}
			if follow {
				query.Set("follow", "1")
			}
			ctx, release := interruptible(cmd.Context())
			defer release()
			err = c.Logs(ctx, query, func(member string) { s.tellSilent(member) }, func(e *gateway.LogEntry) error {
				if asJSON {
					return writeJSONLine(s.stdout, e)
				}
				return writeLogEntry(s.stdout, e)
			})
			if follow && ctx.Err() != nil {
				return nil
			}
			return err
		},
	}
	flags := cmd.Flags()
	serverFlag(cmd, &server)
	memberFlag(cmd, &member)
	flags.StringVar(&function, "function", "", "of that `FUNCTION` only")
	flags.Uint32Var(&invocation, "invocation", 0, "of that `INVOCATION`, and those that it chained, only")
	flags.IntVar(&tail, "tail", 0, "no more than the last `N` (default: all that are kept)")
	flags.BoolVar(&follow, "follow", false, "go on with what ends from now on")
	flags.BoolVar(&asJSON, "json", false, "print a JSON object for each invocation")
	return cmd
}

// writeLogEntry writes a line about an invocation and, indented, what it wrote.
func writeLogEntry(w io.Writer, e *gateway.LogEntry) error {
	how := ""
	if e.Failure != nil {
		how = printable(e.Failure.Message)
	} else if e.ExitCode != nil {
		how = fmt.Sprintf("exited with %d", *e.ExitCode)
	}
	_, err := fmt.Fprintf(w, "%s %s %d %s %v %s\n", e.Time.Local().Format("15:04:05.000"), printable(e.Host), e.ID, printable(e.Function), showTime(e.Took), how)
	if err != nil {
		return err
	}
	if e.Failure != nil && len(e.Failure.Frames) > 0 {
		f := &e.Failure.Frames[0]
		if _, err := fmt.Fprintf(w, "  at %s %s\n", printable(f.Function), printable(place(f.File, f.Line, f.Column))); err != nil {
			return err
		}
	}
	for _, stream := range []struct {
		mark string
		text *gateway.Text
	}{{"|", e.Stdout}, {"!", e.Stderr}} {
		b, err := stream.text.Bytes()
		if err != nil {
			return fmt.Errorf("read the log: %w", err)
		}
		for line := range bytes.Lines(b) {
			if _, err := fmt.Fprintf(w, "  %s %s\n", stream.mark, printable(string(bytes.TrimRight(line, "\r\n")))); err != nil {
				return err
			}
		}
		if n := len(b); stream.text != nil && int64(n) < stream.text.Size {
			if _, err := fmt.Fprintf(w, "  %s … and %d bytes more\n", stream.mark, stream.text.Size-int64(n)); err != nil {
				return err
			}
		}
	}
	return nil
}
