package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/gateway"
)

// remoteStacks shows where the invocations of a service are, or the one that is named.
func (s *session) remoteStacks(ctx context.Context, server string, args []string, asJSON bool) error {
	c, err := s.client(server)
	if err != nil {
		return err
	}
	all := []gateway.Stack{}
	if len(args) == 0 {
		if all, err = c.Stacks(ctx); err != nil {
			return err
		}
	} else {
		id, err := parseInvocation(args[0])
		if err != nil {
			return err
		}
		one, err := c.Stack(ctx, id)
		if err != nil {
			return err
		}
		all = append(all, *one)
	}
	if asJSON {
		return writeJSON(s.stdout, all)
	}
	if len(all) == 0 {
		fmt.Fprintln(s.stdout, "no function is running")
	}
	for _, i := range all {
		where := ""
		if i.Call != "" {
			where = ", in " + printable(i.Call)
		}
		fmt.Fprintf(s.stdout, "%d %s, running for %v%s\n", i.ID, printable(i.Function), i.Elapsed.Round(time.Millisecond), where)
		writePlainStack(s.stdout, i.Frames)
	}
	return nil
}
