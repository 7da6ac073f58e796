package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wast"
)

// wastFlags is what the command line says about a text.
type wastFlags struct {
	output string
	save   bool
}

func (s *session) wastCommand() *cobra.Command {
	var f wastFlags
	cmd := &cobra.Command{
		Use:   "wast USER/FUNCTION [flags]",
		Short: "Write a function in WebAssembly's text format",
		Long: `Writes a module in the text format, with the names that it has; those of a stripped
function come from its debug file. What is not allowed in a name becomes "_". Any
reader of the format makes an equal module of it: wat2wasm --enable-all, for one. Custom
sections, such as debug information, are left out.`,
		Example: `  faaslens wast demo/hello
  faaslens wast demo/hello -o hello.wat
  faaslens wast demo/hello --save`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 1:
				return misuse("want one USER/FUNCTION, such as demo/hello; there are %d arguments", len(args))
			case f.save && f.output != "":
				return misuse("--save says where the text goes: leave -o out")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			return s.wast(name, &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.output, "output", "o", "", "write to `FILE`")
	flags.BoolVar(&f.save, "save", false, "write function.wast beside the module, as Faasm's tools do, and print its path")
	return cmd
}

func (s *session) wast(name guest.Name, f *wastFlags) error {
	st, m, table, err := s.openSymbols(name)
	if err != nil {
		return err
	}
	defer st.Close()
	switch {
	case f.save:
		var b bytes.Buffer
		if err := s.writeText(&b, name, m, table); err != nil {
			return err
		}
		path, err := st.WriteText(name, b.Bytes())
		if err == nil {
			_, err = fmt.Fprintln(s.stdout, path)
		}
		return err
	case f.output == "":
		return s.writeText(s.stdout, name, m, table)
	}
	out, err := os.Create(f.output)
	if err != nil {
		return fmt.Errorf("write the text: %w", err)
	}
	err = s.writeText(out, name, m, table)
	if closing := out.Close(); err == nil && closing != nil {
		err = fmt.Errorf("write the text: %w", closing)
	}
	return err
}

func (s *session) writeText(w io.Writer, name guest.Name, m *wasm.Module, table *symbol.Table) error {
	o := wast.Options{Progress: s.functionsDone("writing", name, w)}
	if !m.HasNames() {
		o.FuncName = func(i guest.FuncIndex) string {
			switch f, _ := table.Func(i); {
			case f.Linkage != "":
				return f.Linkage
			case f.Name != f.Number:
				return f.Name
			}
			return ""
		}
	}
	if err := wast.Write(w, m, o); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// functionsDone tells people how far something is that goes through a module's
// functions. On a terminal that shows the result, that is enough.
func (s *session) functionsDone(what string, name guest.Name, to io.Writer) func(done, all int) {
	if isTerminal(to) {
		return nil
	}
	p, started, shown := s.newProgress(), s.now(), time.Duration(0)
	return func(done, all int) {
		elapsed := s.now().Sub(started)
		if elapsed-shown > 100*time.Millisecond {
			shown = elapsed
			p.show(elapsed, func() string { return fmt.Sprintf("%s %s: %d of %d functions", what, name, done, all) })
		}
		if done == all {
			p.done()
		}
	}
}
