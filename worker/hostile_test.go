package worker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/sharedfile"
)

// goodInput is what the well-behaved function gets; it must come out as it went in.
func goodInput(n int) string {
	return strings.Repeat("well-behaved "+strconv.Itoa(n)+" ", 4000)
}

// checkGood runs the well-behaved function, which echoes its stdin, and compares.
func checkGood(t *testing.T, f *Function, n int) {
	t.Helper()
	in := goodInput(n)
	var stderr bytes.Buffer
	stdout, output, o, err := invoke(f, &Invocation{
		Stdin: strings.NewReader(in), Stderr: &stderr, Limits: guest.Limits{Timeout: time.Minute, Memory: 16 << 20},
	})
	if err != nil || o.Code != 0 || stdout != in || output != "" {
		t.Errorf("the well-behaved function: code %d, %v, %d of %d bytes, output %q, stderr %q", o.Code, err, len(stdout), len(in), output, &stderr)
	}
}

// A hostile function, in all its ways and many times at once, changes nothing for a
// well-behaved one in the same process, and nothing outside its own root and what all share.
func TestAHostileFunctionChangesNothingForOthers(t *testing.T) {
	// Files behind faasm:// are everybody's to change, and nothing beside them is.
	common := t.TempDir()
	files := sharedfile.New(sharedfile.Config{Open: func() (*os.Root, error) { return os.OpenRoot(common) }})
	t.Cleanup(func() { files.Close() })
	w := testWorker(t, Config{Files: files, Engine: engine.Config{Slots: 32}})
	good := add(t, w, "echo_stdin.c")
	// What one way does with the names in its root is no other's.
	hostile := map[string]*Function{}
	for _, root := range []string{"calls", "links", "swap", "flood"} {
		hostile[root] = addAs(t, w, "hostile-"+root, "hostile.c")
	}
	roots := filepath.Dir(good.root.Name())
	// Beside the function's root are its neighbours'; the links lead up there.
	if err := os.WriteFile(filepath.Join(roots, "secret"), []byte("not yours"), 0o644); err != nil {
		t.Fatal(err)
	}
	data := filepath.Dir(filepath.Dir(filepath.Dir(roots)))
	before := tree(t, data, filepath.Join(roots, "hostile-"))
	rounds := 6
	if testing.Short() {
		rounds = 2
	}
	ways := []struct {
		root string
		args []string
	}{
		{"calls", []string{"calls", "1", "4000"}}, {"calls", []string{"calls", "2", "4000"}}, {"calls", []string{"calls", "3", "4000"}},
		{"links", []string{"links"}}, {"flood", []string{"memory"}}, {"flood", []string{"output"}},
		{"swap", []string{"swap", "4000"}}, {"swap", []string{"reach", "4000"}}, {"swap", []string{"reach", "3000"}},
	}
	quit := make(chan struct{})
	var harm, goods sync.WaitGroup
	for _, way := range ways {
		harm.Go(func() {
			for range rounds {
				var stderr bytes.Buffer
				_, _, o, err := invoke(hostile[way.root], &Invocation{
					Args: append([]string{"hostile"}, way.args...), Stdin: strings.NewReader(""), Stderr: &stderr,
					Limits: guest.Limits{Timeout: time.Minute, Memory: 64 << 20, Output: 4 << 20},
				})
				checkHostile(t, way.args[0], o, err, stderr.String())
			}
		})
	}
	for g := range 2 {
		goods.Go(func() {
			for n := g; ; n += 2 {
				select {
				case <-quit:
					return
				default:
					checkGood(t, good, n)
				}
			}
		})
	}
	harm.Wait()
	close(quit)
	goods.Wait()
	if after := tree(t, data, filepath.Join(roots, "hostile-")); after != before {
		t.Errorf("outside its root, there was\n%s\nand now is\n%s", before, after)
	}
}

// checkHostile says whether a hostile run ended as its way must.
func checkHostile(t *testing.T, way string, o Outcome, err error, stderr string) {
	t.Helper()
	var l *guest.Limit
	switch {
	case way == "memory":
		// Its growth is refused, or it is stopped beyond its limit.
		if err != nil && !(errors.As(err, &l) && l.Kind == guest.LimitMemory) {
			t.Errorf("%s: %v", way, err)
		}
	case way == "output":
		if !errors.As(err, &l) || l.Kind != guest.LimitOutput {
			t.Errorf("%s: %v", way, err)
		}
	case err != nil || o.Code != 0 || strings.Contains(stderr, "ESCAPED") || strings.Contains(stderr, "BAD"):
		t.Errorf("%s: code %d, %v\n%s", way, o.Code, err, lines(stderr, "ESCAPED", "BAD"))
	}
}

// lines are those of a text with one of the words in them.
func lines(text string, words ...string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		for _, w := range words {
			if strings.Contains(line, w) {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}

// tree lists all below a directory, with sizes, but for what has a path that starts with
// except.
func tree(t *testing.T, dir, except string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if strings.HasPrefix(path, except) {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		b.WriteString(path + " " + info.Mode().String())
		if !d.IsDir() {
			b.WriteString(" " + strconv.FormatInt(info.Size(), 10))
		}
		b.WriteByte('\n')
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// onWrite keeps what is written and then does something.
type onWrite struct {
	bytes.Buffer
	then func()
}

func (w *onWrite) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	w.then()
	return n, err
}

// Whatever way an invocation ends, nothing of it is found by the next, at once or after
// each other: the guest looks in memory, tables, descriptors and the environment.
func TestNothingOfAnInvocationIsLeft(t *testing.T) {
	w := testWorker(t, Config{Engine: engine.Config{Slots: 4}})
	f := add(t, w, "leak_probe.c")
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			for i := range 12 {
				how := []string{"", "trap", "exit", "spin"}[(i+g)%4]
				ctx, cancel := context.WithCancel(context.Background())
				out := &onWrite{then: func() {}}
				if how == "spin" { // when it has spoken
					out.then = cancel
				}
				o, err := f.Invoke(ctx, &Invocation{Args: []string{"probe", how}, Stdout: out, Limits: guest.Limits{Timeout: time.Minute}})
				cancel()
				if out.String() != "clean\n" || o.Code != 0 {
					t.Errorf("%s: %q, %d, %v", how, out, o.Code, err)
				}
			}
		})
	}
	all.Wait()
	t.Run("which the probe would see", func(t *testing.T) {
		out, _, o, err := invoke(f, &Invocation{Args: []string{"probe", "again"}})
		if err != nil || o.Code != 1 || !strings.Contains(out, "found a canary") {
			t.Errorf("%q, %d, %v", out, o.Code, err)
		}
	})
}

// counter counts the calls that it is told of.
type counter struct{ calls int }

func (c *counter) Enter(*hostcall.Call, int)                { c.calls++ }
func (c *counter) Leave(*hostcall.Call, guest.Value, error) {}

// Input, output, arguments, environment, limits and the observer are one invocation's
// own, though its state is used again.
func TestAnInvocationsStateIsItsOwn(t *testing.T) {
	w := testWorker(t, Config{Engine: engine.Config{Slots: 1, Shards: 1}})
	echo, cat, args := add(t, w, "faasm/echo.c"), add(t, w, "echo_stdin.c"), add(t, w, "env.c")
	var seen counter
	for range 3 {
		if _, output, _, err := invoke(echo, &Invocation{Input: bytes.Repeat([]byte("x"), 1<<20), Observer: &seen}); err != nil || len(output) != 1<<20 {
			t.Fatalf("%d bytes, %v", len(output), err)
		}
		calls := seen.calls
		if calls == 0 {
			t.Fatal("the observer saw nothing")
		}
		if _, output, _, err := invoke(echo, &Invocation{}); err != nil || strings.Contains(output, "x") {
			t.Errorf("without input it says %.20q, %v", output, err)
		}
		if seen.calls != calls {
			t.Error("the observer of an earlier invocation was told")
		}
		// The second gets no input, though the first left some.
		if out, _, _, err := invoke(cat, &Invocation{Stdin: strings.NewReader("first"), Limits: guest.Limits{Output: 2}}); err == nil {
			t.Errorf("beyond its limit: %q, %v", out, err)
		}
		if out, _, _, err := invoke(cat, &Invocation{}); err != nil || out != "" {
			t.Errorf("without stdin: %q, %v", out, err)
		}
		if out, _, _, err := invoke(args, &Invocation{Env: []string{"GREETING=hello"}}); err != nil || !strings.Contains(out, "hello") {
			t.Errorf("%q, %v", out, err)
		}
		if out, _, _, err := invoke(args, &Invocation{}); err != nil || strings.Contains(out, "hello") {
			t.Errorf("without an environment: %q, %v", out, err)
		}
	}
}
