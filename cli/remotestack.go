package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/gateway"
)

// remoteStacks shows where the invocations of a service are, or the one that is named.
func (s *session) remoteStacks(ctx context.Context, server, member string, args []string, asJSON bool) error {
	c, err := s.client(server)
	if err != nil {
		return err
	}
	all := []gateway.Stack{}
	if len(args) == 0 {
		j, err := c.Stacks(ctx, member)
		if err != nil {
			return err
		}
		s.tellSilent(j.Silent...)
		all = j.All
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
		fmt.Fprintf(s.stdout, "%d %s on %s, running for %v%s\n", i.ID, printable(i.Function), printable(i.Host), i.Elapsed.Round(time.Millisecond), where)
		writePlainStack(s.stdout, i.Frames)
	}
	return nil
}
