package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/compiler"
)

// Main runs what args ask for and returns the exit code. args[0] is the name the
// program was called by. A stdin that is an *os.File is read only when a function
// does. env is NAME=VALUE, as from os.Environ.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer, env []string) int {
	if len(args) == 3 && args[1] == compiler.Argument {
		return compiler.Process(args[2], stdout)
	}
	s := &session{program: args[0], stdin: stdin, stdout: stdout, stderr: stderr, env: env, now: time.Now}
	if tool, ok := faasmTools()[filepath.Base(args[0])]; ok {
		return tool(s, args[1:])
	}
	root := s.root()
	root.SetArgs(args[1:])
	ran, err := root.ExecuteContextC(context.Background())
	return s.report(ran, err)
}

// session is one run of the program: what Main was given.
type session struct {
	program        string // the name it was called by
	stdin          io.Reader
	stdout, stderr io.Writer
	env            environment
	now            func() time.Time
	line           *openLine // that functions left open before messages; may be nil
}

// root is the tree of commands.
func (s *session) root() *cobra.Command {
	var version bool
	root := &cobra.Command{
		Use:   "faaslens",
		Short: "Run WebAssembly functions and look inside them",
		Long: `Faaslens builds C, C++, Go and Rust programs to WebAssembly, keeps them as
functions named USER/FUNCTION, and runs each call in a fresh, limited instance.

Functions are kept below FAASLENS_DIR, else FAASM_LOCAL_DIR, else
$XDG_DATA_HOME/faaslens, else ~/.local/share/faaslens.`,
		Example: `  faaslens build demo/hello hello.c
  faaslens run demo/hello
  faaslens doctor`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			if version {
				s.printVersions()
				return nil
			}
			return cmd.Help()
		},
	}
	root.Flags().BoolVar(&version, "version", false, "print versions, as the command version does")
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SuggestionsMinimumDistance = 2
	root.SetIn(s.stdin)
	root.SetOut(s.stdout)
	root.SetErr(s.stderr)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(
		s.serveCommand(), s.buildCommand(), s.addCommand(), s.snapshotCommand(), s.listCommand(), s.showCommand(), s.rmCommand(),
		s.runCommand(), s.profileCommand(), s.flameCommand(s.collectCPU), s.stackCommand(), s.symbolsCommand(), s.disasCommand(), s.wastCommand(),
		s.gdbCommand(), s.lldbCommand(), s.perfCommand(), s.callgrindCommand(),
		s.doctorCommand(), s.versionCommand(), s.toolCommand(),
		s.invokeCommand(), s.statusCommand(), s.resultCommand(), s.cancelCommand(), s.graphCommand(), s.psCommand(), s.topCommand(), s.logsCommand(), s.stateCommand(),
	)
	return root
}

func unknownCommand(cmd *cobra.Command, name string) error {
	msg := fmt.Sprintf("unknown command %q", name)
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		msg += ": did you mean " + strings.Join(near, " or ") + "?"
	}
	return &usageError{errors.New(msg)}
}

// report says what went wrong, unless that has been said, and returns the exit code.
func (s *session) report(ran *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	var said *exitStatus
	if errors.As(err, &said) {
		return said.code
	}
	s.complain(err.Error())
	var usage *usageError
	if errors.As(err, &usage) {
		fmt.Fprintf(s.stderr, "  see '%s --help'\n", ran.CommandPath())
	}
	return exitCode(err)
}

// complain writes an error as every error of this program looks. What it says may be a
// module's words.
func (s *session) complain(msg string) {
	s.line.end(s.stderr)
	fmt.Fprintf(s.stderr, "%s %s\n", s.paint(red, "faaslens:"), printableLines(msg))
}
