package cli

import (
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
)

func (s *session) listCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [USER] [flags]",
		Short: "List functions",
		Long:  `Lists all functions, or those of a user. A damaged one is listed with what is wrong.`,
		Example: `  faaslens list
  faaslens list demo --json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return misuse("%q: want one user at most", args[1])
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			user := ""
			if len(args) == 1 {
				user = args[0]
				if err := (guest.Name{User: user, Function: "any"}).Validate(); err != nil {
					return &usageError{err}
				}
			}
			return s.list(user, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	return cmd
}

// listEntry is a function in the list's JSON.
type listEntry struct {
	Function string    `json:"function"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Language string    `json:"language,omitempty"`
	Debug    string    `json:"debug"`
	Damage   string    `json:"damage,omitempty"` // why it cannot be used
}

func (s *session) list(user string, asJSON bool) error {
	st, err := s.openStore()
	if err != nil {
		return err
	}
	defer st.Close()
	all, err := st.List(user)
	if err != nil {
		return err
	}
	if asJSON {
		entries := []listEntry{}
		for _, f := range all {
			e := listEntry{Function: f.Name.String(), Size: f.Size, Modified: f.ModTime.UTC(), Language: f.Language, Debug: debugShort(f)}
			if f.Err != nil {
				e.Damage = f.Err.Error()
			}
			entries = append(entries, e)
		}
		return writeJSON(s.stdout, entries)
	}
	if len(all) == 0 {
		of := ""
		if user != "" {
			of = " of " + user
		}
		fmt.Fprintf(s.stderr, "no functions%s in %s: build one with 'faaslens build USER/FUNCTION SRC...'\n", of, st.Dir())
		return nil
	}
	return s.printList(all)
}

func (s *session) printList(all []store.Function) error {
	t := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "FUNCTION\tSIZE\tDEBUG\tMODIFIED\tLANGUAGE")
	for _, f := range all {
		if f.Err != nil {
			fmt.Fprintf(t, "%s\t-\t-\t-\tdamaged: %v\n", f.Name, f.Err)
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.Name, guest.FormatBytes(uint64(f.Size)), debugShort(f), f.ModTime.Format(time.DateTime), f.Language)
	}
	return t.Flush()
}

// debugShort says in a word what is known about a module's source.
func debugShort(f store.Function) string {
	switch {
	case f.HasDWARF:
		return "dwarf"
	case f.Stripped:
		return "external"
	case f.HasNames:
		return "names"
	}
	return "none"
}
