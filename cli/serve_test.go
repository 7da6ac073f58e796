package cli

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// running are the services that scripts started, by their *testscript.TestScript.
var running sync.Map

// served is a service that a script started.
type served struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
}

// serves FLAG... starts "faaslens serve" with a port of its own and waits until it is
// ready. FAASLENS_SERVER is its URL then, FAASM_SERVER that for Faasm's clients, and
// FAASLENS_NATS that for other members, if it listens for such.
func serves(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: serves FLAG...")
	}
	v := &served{}
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--faasm-listen", "127.0.0.1:0"}, args...)
	v.cmd = exec.Command(findProgram(ts, "faaslens"), args...)
	v.cmd.Dir, v.cmd.Stderr = ts.Getenv("WORK"), &v.stderr
	v.cmd.Env = []string{"FAASLENS_DIR=" + ts.Getenv("FAASLENS_DIR"), "PATH=" + ts.Getenv("PATH"), "HOME=" + ts.Getenv("HOME")}
	stdout, err := v.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(v.cmd.Start())
	ts.Defer(func() {
		v.cmd.Process.Kill()
		v.cmd.Wait()
	})
	lines := bufio.NewReader(stdout)
	wanted := [][2]string{{"ready: ", "FAASLENS_SERVER"}, {"ready for Faasm's clients: ", "FAASM_SERVER"}}
	if slices.Contains(args, "--nats-listen") {
		wanted = append(wanted, [2]string{"ready for other members: ", "FAASLENS_NATS"})
	}
	for _, w := range wanted {
		line, err := lines.ReadString('\n')
		if err != nil {
			v.cmd.Wait()
			ts.Fatalf("the service says %q, %v\n%s", line, err, v.stderr.String())
		}
		url, ok := strings.CutPrefix(strings.TrimSpace(line), w[0])
		if !ok {
			ts.Fatalf("the service says %q, want %sURL", line, w[0])
		}
		ts.Setenv(w[1], url)
	}
	running.Store(ts, v)
}

// drains CODE sends SIGTERM to the service that the script started and waits for its end,
// which must be with that exit code. Its log is in the file served.
func drains(ts *testscript.TestScript, neg bool, args []string) {
	v, ok := running.Load(ts)
	if neg || len(args) != 1 || !ok {
		ts.Fatalf("usage: drains CODE, behind serves")
	}
	s := v.(*served)
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	_ = s.cmd.Wait() // its exit code is what counts
	if have := s.cmd.ProcessState.ExitCode(); strconv.Itoa(have) != args[0] {
		ts.Fatalf("%v, want exit code %s\n%s", s.cmd.ProcessState, args[0], s.stderr.String())
	}
	ts.Check(os.WriteFile(ts.MkAbs("served"), s.stderr.Bytes(), 0o644))
}
