package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
)

func (s *session) rmCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rm USER/FUNCTION...",
		Short:   "Remove functions",
		Long:    `Removes functions with their compiled images and the files that they have written.`,
		Example: `  faaslens rm demo/hello demo/echo`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse("which function? give USER/FUNCTION, such as demo/hello")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			var names []guest.Name
			for _, arg := range args {
				name, err := parseFunction(arg)
				if err != nil {
					return err
				}
				names = append(names, name)
			}
			return s.remove(names)
		},
	}
}

// remove removes what it can; the exit code is that of the first failure.
func (s *session) remove(names []guest.Name) error {
	st, err := s.openStore()
	if err != nil {
		return err
	}
	defer st.Close()
	code := exitOK
	for _, name := range names {
		if err := st.Remove(name); err != nil {
			err = suggest(st, name, err)
			s.complain(err.Error())
			if code == exitOK {
				code = exitCode(err)
			}
			continue
		}
		fmt.Fprintf(s.stderr, "removed %s\n", name)
	}
	if code != exitOK {
		return &exitStatus{code}
	}
	return nil
}
