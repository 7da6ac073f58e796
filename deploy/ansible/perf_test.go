// Package ansible has only tests: of the playbooks in this directory.
package ansible

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const paranoid = "/proc/sys/kernel/perf_event_paranoid"

// play runs the playbook on this machine and returns what it says and how much it
// changed. In sandbox, /proc/sys is read-only.
func play(t *testing.T, sandbox bool, vars ...string) (out, changed string) {
	t.Helper()
	if _, err := exec.LookPath("ansible-playbook"); err != nil {
		t.Fatal("ansible-playbook is missing: apt-get install ansible-core")
	}
	if os.Geteuid() != 0 {
		t.Fatal("the playbook changes settings of the kernel: run this test as root")
	}
	args := []string{"ansible-playbook", "-i", "localhost,", "-c", "local", "perf.yml"}
	for _, v := range vars {
		args = append(args, "-e", v)
	}
	if sandbox {
		args = append([]string{"unshare", "--mount", "sh", "-c", `mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$@"`, "sh"}, args...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), "ANSIBLE_NOCOLOR=1", "ANSIBLE_PIPELINING=1", "LC_ALL=C.UTF-8", "HOME="+t.TempDir(), "ANSIBLE_PYTHON_INTERPRETER=/usr/bin/python3")
	b, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, b)
	}
	recap := regexp.MustCompile(`changed=(\d+) .*failed=0`).FindStringSubmatch(string(b))
	if recap == nil {
		t.Fatalf("no recap without failures:\n%s", b)
	}
	return string(b), recap[1]
}

func setting(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(paranoid)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func TestThePlaybookSetsAHostUpOnce(t *testing.T) {
	before := setting(t)
	put := func(value string) {
		if err := os.WriteFile(paranoid, []byte(value), 0o644); err != nil {
			t.Fatalf("put %s back: %v", paranoid, err)
		}
	}
	t.Cleanup(func() { put(before) })
	want := "1"
	if before == want {
		want = "2"
	}
	file := filepath.Join(t.TempDir(), "perf.conf")
	vars := []string{"faaslens_sysctl_file=" + file, "faaslens_perf_event_paranoid=" + want}
	if out, changed := play(t, false, vars...); changed == "0" {
		t.Errorf("the first run changed nothing:\n%s", out)
	}
	if got := setting(t); got != want {
		t.Errorf("perf_event_paranoid is %s, want %s", got, want)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"kernel.perf_event_paranoid = " + want, "kernel.kptr_restrict = 0"} {
		if !strings.Contains(string(b), line+"\n") {
			t.Errorf("the settings for the next start lack %q:\n%s", line, b)
		}
	}
	if out, changed := play(t, false, vars...); changed != "0" {
		t.Errorf("the second run changed %s things:\n%s", changed, out)
	}

	put(before)
	out, changed := play(t, true, vars...)
	if changed != "0" {
		t.Errorf("a run in a container changed %s things:\n%s", changed, out)
	}
	for _, s := range []string{
		"kernel.perf_event_paranoid stays " + before, "Read-only file system",
		"sysctl -w kernel.perf_event_paranoid=" + want,
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), s) {
			t.Errorf("it does not say %q in a container:\n%s", s, out)
		}
	}
	if got := setting(t); got != before {
		t.Errorf("a run in a container made perf_event_paranoid %s; it was %s", got, before)
	}
}
