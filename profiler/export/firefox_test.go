package export

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
)

// firefoxProfiler is Firefox Profiler's own code, behind a command line: it reads a
// profile as the page profiler.firefox.com does, and then answers.
type firefoxProfiler struct {
	t       *testing.T
	program string
	env     []string
}

const firefoxSession = "test"

func loadInFirefox(t *testing.T, content []byte) *firefoxProfiler {
	t.Helper()
	const folder = "testdata/firefox"
	f := &firefoxProfiler{t: t, program: folder + "/node_modules/@firefox-devtools/profiler-cli/dist/profiler-cli.js"}
	if _, err := os.Stat(f.program); err != nil {
		t.Fatalf("%v: this test needs Firefox Profiler's reader: npm ci --prefix profiler/export/%s", err, folder)
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatalf("%v: this test needs node: apt-get install nodejs", err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "profile.json")
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	f.env = append(os.Environ(), "PROFILER_CLI_SESSION_DIR="+dir, "PROFILER_CLI_NO_SYMBOLICATE=1")
	f.start(dir, file)
	return f
}

// start starts the process that reads the profile and answers, as the command "load"
// does, and waits until its log says that it is ready: load gives it half a second, and
// who asks before it is ready takes its files away. The log is a pipe.
func (f *firefoxProfiler) start(dir, file string) {
	f.t.Helper()
	logFile := filepath.Join(dir, firefoxSession+".log")
	if err := syscall.Mkfifo(logFile, 0o600); err != nil {
		f.t.Fatal(err)
	}
	log, err := os.OpenFile(logFile, os.O_RDWR, 0) // so that it never ends by itself
	if err != nil {
		f.t.Fatal(err)
	}
	server := exec.Command("node", f.program, "--daemon", file, "--session", firefoxSession)
	server.Env, server.WaitDelay = f.env, time.Second
	var stderr bytes.Buffer
	server.Stderr = &stderr
	if err := server.Start(); err != nil {
		f.t.Fatal(err)
	}
	loaded, ended := make(chan struct{}), make(chan struct{})
	go func() {
		server.Wait() // what it says is in stderr
		log.Close()
		close(ended)
	}()
	go func() { // reads to its end, which is that of the process
		for lines := bufio.NewScanner(log); lines.Scan(); {
			if strings.Contains(lines.Text(), "Profile loaded successfully") {
				close(loaded)
			}
		}
	}()
	f.t.Cleanup(func() {
		server.Process.Kill()
		<-ended
	})
	select {
	case <-loaded:
	case <-ended:
		f.t.Fatalf("it ended: %s", &stderr)
	case <-time.After(time.Minute):
		f.t.Fatal("it does not start")
	}
}

func (f *firefoxProfiler) run(ctx context.Context, args ...string) (out []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{f.program}, args...)...)
	cmd.Env, cmd.WaitDelay = f.env, time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if out, err = cmd.Output(); err != nil {
		return nil, fmt.Errorf("profiler-cli %s: %w\n%s%s", strings.Join(args, " "), err, out, &stderr)
	}
	return out, nil
}

// ask puts the JSON answer of a command in a value.
func (f *firefoxProfiler) ask(answer any, args ...string) {
	f.t.Helper()
	out, err := f.run(f.t.Context(), append(args, "--json", "--session", firefoxSession)...)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := json.Unmarshal(out, answer); err != nil {
		f.t.Fatalf("profiler-cli %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// firefoxFunctions is what Firefox Profiler says that functions of a thread took.
type firefoxFunctions struct {
	WeightType string
	Functions  []struct {
		NameWithLibrary string
		SelfSamples     float64
		TotalSamples    float64
	}
}

func TestFirefoxProfilerUnderstandsProfiles(t *testing.T) {
	f := loadInFirefox(t, render(t, guestProfile(), Firefox, Options{Title: "demo/imgsmith"}))
	var info struct {
		Name      string
		Processes []struct {
			Threads []struct{ ThreadHandle, Name string }
		}
	}
	f.ask(&info, "profile", "info")
	if len(info.Processes) != 1 || len(info.Processes[0].Threads) != 2 || info.Name != "demo/imgsmith" {
		t.Fatalf("it has %+v", info)
	}
	handles := make(map[string]string)
	for _, th := range info.Processes[0].Threads {
		handles[th.Name] = th.ThreadHandle
	}
	var have firefoxFunctions
	f.ask(&have, "thread", "functions", "--thread", handles["demo/imgsmith"])
	if have.WeightType != "tracing-ms" {
		t.Errorf("weights are %s, want tracing-ms", have.WeightType)
	}
	sums := make(map[string][2]float64)
	for _, fn := range have.Functions {
		sums[fn.NameWithLibrary] = [2]float64{fn.SelfSamples, fn.TotalSamples}
	}
	want := map[string][2]float64{
		"demo/imgsmith!weigh": {500, 500}, "demo/imgsmith!weights_apply": {200, 700}, "demo/imgsmith!fwrite": {80, 230},
		"[host calls]!wasi_snapshot_preview1.fd_write": {120, 150}, "[kernel.kallsyms]!vfs_write": {30, 30}, "[unknown]": {40, 40},
		"demo/imgsmith!transform": {0, 930}, "demo/imgsmith!main": {0, 930}, "demo/imgsmith!__main_void": {0, 930},
		"faaslens!engine.(*Module).Run": {0, 930}, "faaslens!runtime.main": {0, 930},
	}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Errorf("functions of the guest's thread:\n%s", diff)
	}
	have = firefoxFunctions{}
	f.ask(&have, "thread", "functions", "--thread", handles["no function"])
	if n := len(have.Functions); n != 3 {
		t.Errorf("%d functions in the thread without a guest, want 3: %+v", n, have.Functions)
	}
	samples, err := f.run(t.Context(), "thread", "samples", "--thread", handles["demo/imgsmith"], "--session", firefoxSession)
	if err != nil {
		t.Fatal(err)
	}
	for _, category := range []string{"guest", "host call", "kernel", "library", "unknown"} {
		if !bytes.Contains(samples, []byte(category)) {
			t.Errorf("the summary has no category %s:\n%s", category, samples)
		}
	}
}

func TestFirefoxProfilerUnderstandsOddProfiles(t *testing.T) {
	bytesProfile := newProfileBuilder(&profile.ValueType{Type: "alloc_space", Unit: "bytes"})
	bytesProfile.sample([]int64{4096}, nil, bytesProfile.at(guestFile, "make @/src/main.c:4"))
	base := guestProfile()
	base.Sample[0].Value = []int64{30, 300_000_000}
	d, err := Diff(guestProfile(), base)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]*profile.Profile{
		"one of hostile names": hostileProfile(),
		"one of bytes":         bytesProfile.p,
		"a difference":         d,
		"one of a Go program":  goProfile(t),
	} {
		t.Run(name, func(t *testing.T) {
			f := loadInFirefox(t, render(t, p, Firefox, Options{}))
			var have firefoxFunctions
			f.ask(&have, "thread", "functions")
			if len(have.Functions) == 0 {
				t.Error("it has no functions")
			}
		})
	}
}
