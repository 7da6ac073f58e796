package cli

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/profiler/export"
)

// sampledProfile has a function with a source in dir, and one whose file is none of a
// module's business.
func sampledProfile(t *testing.T, dir, secret string) *profile.Profile {
	t.Helper()
	p, err := export.ParseFolded(strings.NewReader("main_[j];work_[j] 70\nmain_[j];spy_[j] 30\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Function {
		f.Filename = filepath.Join(dir, "main.c")
		if f.Name == "spy" {
			f.Filename = secret
		}
	}
	for _, l := range p.Location {
		l.Line[0].Line = 2
	}
	return p
}

func saveProfile(t *testing.T, p *profile.Profile) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cpu.pb.gz")
	if err := writeProfile(file, p, export.Pprof, export.Options{}); err != nil {
		t.Fatal(err)
	}
	return file
}

// lineWaiter is a stream that says when a line with ours: is in it.
type lineWaiter struct {
	text bytes.Buffer
	url  chan string
}

var servedAt = regexp.MustCompile(`ours: +(http://\S+)/faaslens\n`)

func (w *lineWaiter) Write(b []byte) (int, error) {
	w.text.Write(b)
	if m := servedAt.FindSubmatch(w.text.Bytes()); m != nil {
		select {
		case w.url <- string(m[1]):
		default:
		}
	}
	return len(b), nil
}

// view serves a profile until the test ends and returns where.
func view(t *testing.T, file string, f *viewFlags) string {
	t.Helper()
	t.Setenv("HOME", t.TempDir()) // where pprof keeps its settings
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	stderr := &lineWaiter{url: make(chan string, 1)}
	s := &session{stdout: io.Discard, stderr: stderr}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.viewProfile(ctx, file, f) }()
	select {
	case url := <-stderr.url:
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
		return url
	case err := <-ended:
		cancel()
		t.Fatalf("it ended: %v", err)
	case <-time.After(time.Minute):
		cancel()
		t.Fatal("it does not serve")
	}
	return ""
}

func get(t *testing.T, url string, change func(*http.Request)) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

func TestProfileViewShowsPprofsPagesAndOurs(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret.key")
	for name, text := range map[string]string{"main.c": "// first\nwork_hard();\n", "secret.key": "first\nTOPSECRET\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p := sampledProfile(t, "/build/elsewhere", secret)
	url := view(t, saveProfile(t, p), &viewFlags{listen: "localhost:0", sourceMap: []string{"/build/elsewhere=" + dir}})
	for _, c := range []struct{ path, has string }{
		{"/", "flamegraph"},
		{"/flamegraph", "work"},
		{"/top", "spy"},
		{"/peek?f=work", "main"},
		{"/source?f=work", "work_hard();"},
		{"/graph", "<svg"},
		{"/faaslens", "work_hard();"},
	} {
		status, body := get(t, url+c.path, nil)
		if status != http.StatusOK || !strings.Contains(body, c.has) {
			t.Errorf("%s: status %d, no %q in\n%.2000s", c.path, status, c.has, body)
		}
	}
	for _, path := range []string{"/source?f=spy", "/source?f=.", "/faaslens"} {
		if _, body := get(t, url+path, nil); strings.Contains(body, "TOPSECRET") {
			t.Errorf("%s shows a file that is no source", path)
		}
	}
}

func TestProfileViewTurnsOtherSitesAway(t *testing.T) {
	url := view(t, saveProfile(t, sampledProfile(t, t.TempDir(), "")), &viewFlags{listen: "127.0.0.1:0"})
	for name, change := range map[string]func(*http.Request){
		"a name that leads here": func(r *http.Request) { r.Host = "attacker.example:80" },
		"a request of their pages": func(r *http.Request) {
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			r.Header.Set("Sec-Fetch-Mode", "no-cors")
		},
	} {
		t.Run(name, func(t *testing.T) {
			if status, body := get(t, url+"/faaslens", change); status != http.StatusForbidden || strings.Contains(body, "work") {
				t.Errorf("status %d: %.200s", status, body)
			}
		})
	}
}

func TestProfileViewComparesTwoProfiles(t *testing.T) {
	p := sampledProfile(t, t.TempDir(), "")
	base := p.Copy()
	base.Sample[0].Value[0] = 20
	url := view(t, saveProfile(t, p), &viewFlags{listen: "localhost:0", base: saveProfile(t, base)})
	if _, body := get(t, url+"/top", nil); !strings.Contains(body, `"Flat":50`) {
		t.Errorf("top does not show 70 less 20:\n%.3000s", body)
	}
	if _, body := get(t, url+"/faaslens", nil); !strings.Contains(body, "compared") {
		t.Error("our page compares nothing")
	}
}

func TestProfileViewRefuses(t *testing.T) {
	text := filepath.Join(t.TempDir(), "x.txt")
	if err := os.WriteFile(text, []byte("no profile\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		args []string
		want string
	}{
		{"no file", nil, "which profile? give one file, such as cpu.pb.gz"},
		{"a file that is not there", []string{"/no/such"}, "read profile: open /no/such: no such file or directory"},
		{"a file that is no profile", []string{text}, "is neither a pprof profile"},
		{"a map of sources that is none", []string{text, "--source-map", "x"}, "--source-map x: want FROM=TO"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &session{stdout: io.Discard, stderr: io.Discard}
			cmd := s.profileViewCommand()
			cmd.SetArgs(c.args)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func TestFlameDrawsWhatWasCollected(t *testing.T) {
	var stderr bytes.Buffer
	s := &session{stdout: io.Discard, stderr: &stderr}
	file := filepath.Join(t.TempDir(), "flame.svg")
	collect := func(_ context.Context, name guest.Name, reps int, data string, args []string) (*profile.Profile, error) {
		if name.String() != "demo/hello" || reps != 7 || data != "x" || !slices.Equal(args, []string{"a", "--b"}) {
			t.Errorf("collects %s, %d times, with %q and %q", name, reps, data, args)
		}
		return sampledProfile(t, "/src", ""), nil
	}
	cmd := s.flameCommand(collect)
	cmd.SetArgs([]string{"demo/hello", "--reps", "7", "--data", "x", "-o", file, "--", "a", "--b"})
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	svg, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(svg, []byte("Flame Graph")) || !bytes.Contains(svg, []byte("demo/hello")) || !strings.Contains(stderr.String(), "wrote "+file) {
		t.Errorf("it says %s and draws %.300s", &stderr, svg)
	}
}

func TestFlameOfAShortFailureSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	var stderr bytes.Buffer
	s := &session{stdout: io.Discard, stderr: &stderr}
	ended := &exitStatus{9}
	cmd := s.flameCommand(func(context.Context, guest.Name, int, string, []string) (*profile.Profile, error) {
		return &profile.Profile{}, ended
	})
	cmd.SetArgs([]string{"demo/hello"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.Execute(); !errors.Is(err, ended) {
		t.Errorf("error %v, want %v", err, ended)
	}
	if want := "draw demo/hello: it ran too short to be seen"; !strings.Contains(stderr.String(), want) {
		t.Errorf("it says %q, want %q", &stderr, want)
	}
	if _, err := os.Stat(flameFile); err == nil {
		t.Error("it left a drawing")
	}
}

func TestFlameSaysWhatIsWrong(t *testing.T) {
	failed := errors.New("demo/hello: trap")
	for _, c := range []struct {
		name    string
		args    []string
		collect cpuProfiler
		want    string
	}{
		{"no function", nil, nil, "which function? give USER/FUNCTION, such as demo/hello"},
		{"no runs", []string{"demo/hello", "--reps", "0"}, nil, "--reps 0: want 1 or more"},
		{"a function that fails", []string{"demo/hello"}, func(context.Context, guest.Name, int, string, []string) (*profile.Profile, error) { return nil, failed }, "demo/hello: trap"},
		{"too few samples", []string{"demo/hello"}, func(context.Context, guest.Name, int, string, []string) (*profile.Profile, error) {
			return &profile.Profile{}, nil
		}, "draw demo/hello: it ran too short to be seen: run it more often, with --reps 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			s := &session{stdout: io.Discard, stderr: io.Discard}
			cmd := s.flameCommand(c.collect)
			cmd.SetArgs(c.args)
			cmd.SilenceErrors, cmd.SilenceUsage = true, true
			if err := cmd.Execute(); err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
			if _, err := os.Stat(flameFile); err == nil {
				t.Error("it left a drawing")
			}
		})
	}
}
