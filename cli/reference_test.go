package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

const referencePath = "../docs/cli.md"

// docs/cli.md is what the commands say about themselves.
func TestReferenceIsCurrent(t *testing.T) {
	s := &session{stdout: io.Discard, stderr: io.Discard}
	want := reference(s.root())
	if *update {
		if err := os.WriteFile(referencePath, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(referencePath)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(have), string(want)); diff != "" {
		t.Errorf("docs/cli.md is stale: write it anew with 'go test ./cli -run Reference -update'\n%s", diff)
	}
}

const referenceHead = `# Command line

Written by ` + "`go test ./cli -run Reference -update`" + ` from the commands themselves.

Functions are kept below ` + "`FAASLENS_DIR`" + `, else ` + "`FAASM_LOCAL_DIR`" + `, else ` + "`$XDG_DATA_HOME/faaslens`" + `,
else ` + "`~/.local/share/faaslens`" + `. Messages go to stderr, coloured on a terminal unless
` + "`NO_COLOR`" + ` is set. Every error ends with the next step where there is one.
`

const referenceTail = `
## Exit codes

| code | of | meaning |
|---|---|---|
| 0 | all | it worked |
| 1 | all | it did not, and no other code says why; of ` + "`doctor`" + `, functions cannot be built, kept and run |
| 2 | all | the command line is wrong |
| 124 | run, invoke, result | the function's deadline passed; of ` + "`result --within`" + `, it has not ended |
| 126 | run, build, add | the function is there but cannot be run: not valid, no main function, or an import does not fit |
| 127 | run, invoke, show, rm, state | there is no such function, or no such value |
| 130, 143 | all | stopped by SIGINT, SIGTERM; a second signal ends the program at once |
| 134 | run, invoke, result | the function trapped |
| 137 | run, invoke, result | it reached its limit on memory or tables |
| 153 | run, invoke, result | it wrote more than it may |
| any | run, invoke, result | the function's own code, its low eight bits; one whose low eight bits are 0 becomes 255 |

## Faasm's tools

Called by one of these names (a link is enough; ` + "`faaslens tool NAME ARG...`" + ` does the same), the program is
Faasm's tool of that name. They share the file system ` + "`runtime_root`" + `, log to stdout as Faasm does, and
take the level from ` + "`LOG_LEVEL`" + `: trace, debug (every host call), info, warn, critical or off.

| name and arguments | what it does | exit code |
|---|---|---|
| ` + "`func_runner USER FUNCTION [--input-data S] [--cmdline S] [--mpi-world-size N]`" + ` | runs a function once | what it returned; 1 if it trapped, 134 if it cannot be run |
| ` + "`simple_runner USER FUNCTION [RUNS] [INPUT]`" + ` | runs it so often | 0, or 134 at the first failure |
| ` + "`codegen_func USER [--func F] [--clean]`" + ` | compiles a function, or all of a user's, to ` + "`function.wasm.o`" + ` with its ` + "`.md5`" + `, unless that is current | 0, or 1 where one cannot be compiled |
`

// reference writes the page from the tree of commands.
func reference(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString(referenceHead)
	for _, cmd := range explained(root) {
		referCommand(&b, cmd)
	}
	b.WriteString(referenceTail)
	return b.Bytes()
}

// explained are the commands below one that people call, each before its own.
func explained(parent *cobra.Command) []*cobra.Command {
	var all []*cobra.Command
	for _, cmd := range parent.Commands() {
		if cmd.IsAvailableCommand() && cmd.Name() != "help" && cmd.Name() != "completion" {
			all = append(append(all, cmd), explained(cmd)...)
		}
	}
	return all
}

func referCommand(b *bytes.Buffer, cmd *cobra.Command) {
	fmt.Fprintf(b, "\n## %s\n\n", cmd.CommandPath())
	fmt.Fprintf(b, "%s.\n\n```\n%s\n```\n\n", cmd.Short, cmd.UseLine())
	fmt.Fprintf(b, "```text\n%s\n```\n\n", cmd.Long)
	if flags := strings.TrimRight(cmd.NonInheritedFlags().FlagUsages(), "\n"); flags != "" {
		fmt.Fprintf(b, "Flags:\n\n```text\n%s\n```\n\n", flags)
	}
	fmt.Fprintf(b, "Examples:\n\n```sh\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(cmd.Example, "  "), "\n  ", "\n"))
}

// Every command has what its help and the reference are made of.
func TestEveryCommandExplainsItself(t *testing.T) {
	s := &session{stdout: io.Discard, stderr: io.Discard}
	for _, cmd := range explained(s.root()) {
		if cmd.Short == "" || cmd.Long == "" || cmd.Example == "" {
			t.Errorf("%s lacks a short or long description or an example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			if !strings.HasPrefix(strings.TrimSpace(line), cmd.CommandPath()) {
				t.Errorf("%s has an example of something else: %s", cmd.CommandPath(), line)
			}
		}
	}
}
