package cli

import (
	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/nativedebug"
)

func (s *session) lldbCommand() *cobra.Command {
	var f debuggerFlags
	cmd := &cobra.Command{
		Use:   "lldb USER/FUNCTION|--pid PID [flags] [-- RUN FLAGS]",
		Short: "Debug a function with lldb",
		Long: `Starts lldb on 'faaslens run USER/FUNCTION', set up for guest code as gdb is by 'faaslens
gdb'; the commands of its extension have the same names.

The function's input is the terminal of lldb's: a redirected stdin does not reach it.

The lldb is lldb-22, lldb-19 or lldb, whichever is found first.`,
		Example: `  faaslens lldb demo/imgsmith --break parse_options -- --cmdline "blur=3"
  faaslens lldb --pid 4711`,
		Args: s.debuggerArgs(&f),
		RunE: func(_ *cobra.Command, args []string) error {
			d, err := nativedebug.FindLLDB(f.use)
			if err != nil {
				return err
			}
			return s.debug(d, &f, args)
		},
	}
	f.add(cmd, "lldb")
	cmd.Flags().StringVar(&f.use, "use", "", "this lldb: a `NAME`, such as lldb-19")
	return cmd
}
