package cli

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestDoctorExplainsWhatPerfMayDo(t *testing.T) {
	for name, c := range map[string]struct {
		part    diagnosed
		verdict string
		says    string
	}{
		"4 forbids perf":                       {explainParanoid("4", false), verdictMissing, "sysctl kernel.perf_event_paranoid=2"},
		"4 does not hold for CAP_PERFMON":      {explainParanoid("4", true), verdictOK, "you may use perf"},
		"2 leaves out the kernel":              {explainParanoid("2", false), verdictOK, "sysctl kernel.perf_event_paranoid=1"},
		"1 is enough":                          {explainParanoid("1", false), verdictOK, "the kernel's part"},
		"-1 allows everything":                 {explainParanoid("-1", false), verdictOK, "everything"},
		"a kernel may have no events":          {explainParanoid("", false), verdictMissing, "CONFIG_PERF_EVENTS"},
		"hidden addresses cost kernel names":   {explainPointers("1", false), verdictNote, "kernel.kptr_restrict=0"},
		"2 hides addresses from root too":      {explainPointers("2", true), verdictNote, "kernel.kptr_restrict=0"},
		"1 hides nothing from root":            {explainPointers("1", true), verdictOK, "1"},
		"a machine may lack counters":          {explainCounters(unix.ENOENT), verdictNote, "cpu-clock"},
		"counters may be forbidden":            {explainCounters(unix.EACCES), verdictNote, "perf_event_paranoid"},
		"a container may lack the system call": {explainCounters(unix.EPERM), verdictNote, "PERFMON"},
		"counters that work are fine":          {explainCounters(nil), verdictOK, "cycles"},
		"an old perf wants the map":            {explainVersion("perf version 5.15.1"), verdictNote, "--perf=map"},
		"a newer perf is fine":                 {explainVersion("perf version 6.1.0"), verdictOK, "6.1"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.part.Verdict != c.verdict || !strings.Contains(c.part.Found+c.part.Next, c.says) {
				t.Errorf("%+v; want %s, and %q said", c.part, c.verdict, c.says)
			}
		})
	}
}

func TestCapabilitiesAreReadFromTheStatus(t *testing.T) {
	for name, c := range map[string]struct {
		status string
		want   bool
	}{
		"all of them":      {"Name:\tx\nCapEff:\t000001ffffffffff\n", true},
		"CAP_PERFMON only": {"CapEff:\t0000004000000000\n", true},
		"none":             {"CapEff:\t0000000000000000\n", false},
		"nothing said":     {"Name:\tx\n", false},
		"damaged":          {"CapEff:\tx\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "status")
			if err := os.WriteFile(path, []byte(c.status), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := mayProfile(path); got != c.want {
				t.Errorf("mayProfile: %v, want %v", got, c.want)
			}
		})
	}
	if mayProfile(filepath.Join(t.TempDir(), "none")) {
		t.Error("a status that is not there gives capabilities")
	}
	if err := countCycles(); err != nil && !errors.As(err, new(unix.Errno)) {
		t.Errorf("countCycles: %v", err)
	}
}
