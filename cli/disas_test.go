package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/internal/guesttest"
)

// disasOf runs disas on the function t/ends of a data directory.
func disasOf(t *testing.T, env []string, args ...string) string {
	t.Helper()
	var out, log bytes.Buffer
	args = append([]string{"faaslens", "disas", "t/ends"}, args...)
	if code := Main(args, nil, &out, &log, env); code != 0 {
		t.Fatalf("%s: exit code %d\n%s", strings.Join(args, " "), code, log.String())
	}
	return out.String()
}

// The samples of a profile are at the machine instructions, the wasm instructions, the
// source lines and the functions that they belong to.
func TestListingsCarrySamples(t *testing.T) {
	env := append(os.Environ(), "FAASLENS_DIR="+t.TempDir())
	var log bytes.Buffer
	if code := Main([]string{"faaslens", "build", "t/ends", filepath.Join(guesttest.Dir(), "ends/ends.c"), "-O0"}, nil, &log, &log, env); code != 0 {
		t.Fatal(log.String())
	}
	var odd disasEntry
	if err := json.Unmarshal([]byte(disasOf(t, env, "--function", "odd", "--native", "--json")), &odd); err != nil {
		t.Fatal(err)
	}
	var call disasMachine
	for _, m := range odd.Machine {
		if m.Goes == "divide" {
			call = m
		}
	}
	if call.Offset == nil {
		t.Fatal("odd does not call divide")
	}
	const base, samples = 0x1000_0000, 7
	m := &profile.Mapping{ID: 1, Start: base, Limit: base + 1<<28, File: "wasm:t/ends"}
	l := &profile.Location{ID: 1, Mapping: m, Address: base + call.ImageOffset}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}}, Mapping: []*profile.Mapping{m}, Location: []*profile.Location{l},
		Sample: []*profile.Sample{{Location: []*profile.Location{l}, Value: []int64{samples}}},
	}
	path := filepath.Join(t.TempDir(), "cpu.pprof")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Write(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	columns := fmt.Sprintf("%8d%8d  ", samples, samples)
	for _, c := range []struct {
		name string
		args []string
		want []string // of lines with samples
	}{
		{"wasm instructions", nil, []string{`functionDef\d+ = odd`, ` +[0-9a-f]+ +call \$divide`}},
		{"between source lines", []string{"--source"}, []string{`functionDef\d+ = odd`, `;; odd at .*/ends\.c:26`, ` +[0-9a-f]+ +call \$divide`}},
		{"machine code", []string{"--native"}, []string{`functionDef\d+ = odd`, `;; [0-9a-f]+  call \$divide`, ` +[0-9a-f]+  .* <divide>`}},
		{"machine code between source lines", []string{"--native", "--source"}, []string{`functionDef\d+ = odd`, `;; odd at .*/ends\.c:26`, ` +[0-9a-f]+  .* <divide>`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := disasOf(t, env, append([]string{"--function", "odd", "--profile", path}, c.args...)...)
			if !strings.HasPrefix(out, "samples/count, self and total: 7 in the whole profile\n") {
				t.Errorf("it begins with %.60q", out)
			}
			var counted []string
			for line := range strings.Lines(out) {
				if rest, ok := strings.CutPrefix(line, columns); ok {
					counted = append(counted, rest)
				}
			}
			if len(counted) != len(c.want) {
				t.Fatalf("lines with samples:\n%s", strings.Join(counted, ""))
			}
			for i, want := range c.want {
				if !regexp.MustCompile("^" + want).MatchString(counted[i]) {
					t.Errorf("line with samples %q, want %s", counted[i], want)
				}
			}
		})
	}
	var again disasEntry
	if err := json.Unmarshal([]byte(disasOf(t, env, "--function", "odd", "--native", "--json", "--profile", path)), &again); err != nil {
		t.Fatal(err)
	}
	for _, m := range again.Machine {
		if has := m.Samples != nil && m.Samples.Self == samples; has != (m.ImageOffset == call.ImageOffset) {
			t.Errorf("%x %s has samples: %v", m.ImageOffset, m.Text, has)
		}
	}
}
