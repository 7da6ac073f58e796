package export

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/pprof/profile"
)

func TestFoldedStacksOfAGuest(t *testing.T) {
	for _, c := range []struct {
		name    string
		options Options
		want    string
	}{
		{"by samples, plain", Options{SampleType: "samples"}, `[unknown] 4
runtime.main;engine.(*Module).Run;__main_void;main;transform;fwrite 8
runtime.main;engine.(*Module).Run;__main_void;main;transform;fwrite;wasi_snapshot_preview1.fd_write 12
runtime.main;engine.(*Module).Run;__main_void;main;transform;fwrite;wasi_snapshot_preview1.fd_write;vfs_write 3
runtime.main;engine.(*Module).Run;__main_void;main;transform;weights_apply 20
runtime.main;engine.(*Module).Run;__main_void;main;transform;weights_apply;weigh 50
runtime.main;engine.(*Module).Run;runtime.mallocgc 3
`},
		{"by time, with marks", Options{Annotate: true}, `[unknown] 40000000
runtime.main;engine.(*Module).Run;__main_void_[j];main_[j];transform_[i];fwrite_[j] 80000000
runtime.main;engine.(*Module).Run;__main_void_[j];main_[j];transform_[i];fwrite_[j];wasi_snapshot_preview1.fd_write 120000000
runtime.main;engine.(*Module).Run;__main_void_[j];main_[j];transform_[i];fwrite_[j];wasi_snapshot_preview1.fd_write;vfs_write_[k] 30000000
runtime.main;engine.(*Module).Run;__main_void_[j];main_[j];transform_[i];weights_apply_[j] 200000000
runtime.main;engine.(*Module).Run;__main_void_[j];main_[j];transform_[i];weights_apply_[j];weigh_[i] 500000000
runtime.main;engine.(*Module).Run;runtime.mallocgc 30000000
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, string(render(t, guestProfile(), Folded, c.options))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFoldedStacksOfADifferenceHaveTwoColumns(t *testing.T) {
	base, err := ParseFolded(strings.NewReader("a;b 5\na;c 2\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParseFolded(strings.NewReader("a;b 7\na;d 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Diff(p, base)
	if err != nil {
		t.Fatal(err)
	}
	const want = "a;b 5 7\na;c 2 0\na;d 0 1\n"
	out := render(t, d, Folded, Options{})
	if diff := cmp.Diff(want, string(out)); diff != "" {
		t.Fatal(diff)
	}
	again, err := ParseFolded(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(render(t, again, Folded, Options{}))); diff != "" {
		t.Errorf("written, read and written again:\n%s", diff)
	}
}

func TestParseFolded(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"adds up equal stacks and sorts them", "b;c 2\na 1\nb;c 3", "a 1\nb;c 5\n"},
		{"leaves comments, empty lines and ends of lines of other systems out", "# x\n\r\na;b 1\r\n\n", "a;b 1\n"},
		{"takes names with blanks", "std::vector<int, x>;operator new (unsigned) 4\n", "std::vector<int, x>;operator new (unsigned) 4\n"},
		{"takes whole samples of fractions", "a 2.75\n", "a 2\n"},
		{"keeps a name that ends in a number apart from the value", "a;b\t7;c 3\n", "a;b_7;c 3\n"},
		{"keeps marks", "perf;_start;main_[j];inner_[i];sys_[k] 3\n", "perf;_start;main_[j];inner_[i];sys_[k] 3\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParseFolded(strings.NewReader(c.in))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.CheckValid(); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(c.want, string(render(t, p, Folded, Options{Annotate: true}))); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, c := range []struct{ name, in, want string }{
		{"nothing", "# only this\n", "read folded stacks: there are none: want lines such as main;work 12"},
		{"a line without a number", "a;b 1\nmain;work\n", "read folded stacks: line 2: want a stack and a number, such as main;work 12"},
		{"a number without a stack", " 12\n", "read folded stacks: line 1: want a stack and a number, such as main;work 12"},
		{"a number that is negative", "a -1\n", "read folded stacks: line 1: want a stack and a number, such as main;work 12"},
		{"a line without end", strings.Repeat("a;", maxFoldedLine), "read folded stacks: line 1 has more than 1048576 bytes"},
	} {
		t.Run("refuses "+c.name, func(t *testing.T) {
			_, err := ParseFolded(strings.NewReader(c.in))
			if err == nil || err.Error() != c.want {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

// kinds returns the kinds of the functions in a profile by name.
func kinds(p *profile.Profile) map[string]string {
	all := make(map[string]string)
	for _, l := range p.Location {
		for _, line := range l.Line {
			all[line.Function.Name] = kindOf(l.Mapping, line.Function).String()
		}
	}
	return all
}

func TestFoldedMarksSayWhoseCodeItIs(t *testing.T) {
	p, err := ParseFolded(strings.NewReader("host;guest_[j];inner_[i];sys_[k] 3\n[unknown] 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"host": "host", "guest": "guest", "inner": "guest", "sys": "kernel", "[unknown]": "unknown"}
	if diff := cmp.Diff(want, kinds(p)); diff != "" {
		t.Error(diff)
	}
}

// 'go tool pprof -raw' reads what we write of folded stacks.
func TestPprofReadsFoldedStacks(t *testing.T) {
	p, err := ParseFolded(bytes.NewReader(render(t, guestProfile(), Folded, Options{SampleType: "samples", Annotate: true})))
	if err != nil {
		t.Fatal(err)
	}
	raw := pprofRaw(t, render(t, p, Pprof, Options{}))
	if !strings.Contains(raw, "samples/count") || !strings.Contains(raw, "weights_apply") {
		t.Errorf("it shows\n%s", raw)
	}
}

func FuzzParseFolded(f *testing.F) {
	for _, seed := range []string{
		"main;work 12\n", "a_[k];b_[j];c_[i] 3\n", "a;b 1 2\n", "# x\n\n", ";;; 1", "a 9223372036854775807\na 9223372036854775807\n",
		"a 1e400", "a 0x1p4", "[unknown] 1.5", "_[i] 1", "a;_[k];_[i]_[i] 3", "\xff;\x00 2",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := ParseFolded(bytes.NewReader(in))
		if err != nil {
			return
		}
		if err := p.CheckValid(); err != nil {
			t.Fatal(err)
		}
		once := render(t, p, Folded, Options{Annotate: true})
		if len(once) == 0 {
			return // of samples that count nothing
		}
		again, err := ParseFolded(bytes.NewReader(once))
		if err != nil {
			t.Fatalf("%q becomes %q, which is not read: %v", in, once, err)
		}
		twice := render(t, again, Folded, Options{Annotate: true})
		if again, err = ParseFolded(bytes.NewReader(twice)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(twice), string(render(t, again, Folded, Options{Annotate: true}))); diff != "" {
			t.Error(diff)
		}
	})
}

// pprofRaw returns what 'go tool pprof -raw' says of a profile.
func pprofRaw(t *testing.T, content []byte) string {
	t.Helper()
	cmd := exec.Command("go", "tool", "pprof", "-raw", "-symbolize=none", writeFile(t, "p.pb.gz", content))
	cmd.Env = slices.Concat(cmd.Environ(), []string{"PPROF_TMPDIR=" + t.TempDir()})
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go tool pprof: %v\n%s", err, &stderr)
	}
	return string(out)
}
