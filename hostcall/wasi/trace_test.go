package wasi

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// observed makes a call with a tracer and arguments as try takes them.
func (r *rig) observed(tracer *hostcall.Tracer, name string, args ...any) Errno {
	r.t.Helper()
	spec := r.table.Lookup(Module, name)
	r.at = argsAt
	vals := make([]guest.Value, 0, 12)
	for _, a := range args {
		switch a := a.(type) {
		case string:
			vals = append(vals, guest.ValueI32(int32(r.put([]byte(a)))), guest.ValueI32(int32(len(a))))
		case int:
			vals = append(vals, guest.ValueI64(int64(a)))
		case uint32:
			vals = append(vals, guest.ValueI32(int32(a)))
		case uint16:
			vals = append(vals, guest.ValueI32(int32(a)))
		case rights:
			vals = append(vals, guest.ValueI64(int64(a)))
		}
	}
	if len(vals) == 0 {
		vals = vals[:1]
	}
	_ = spec.InvokeObserved(tracer, &r.call, r.mem, []any{&r.sys}, vals)
	return Errno(vals[0].U32())
}

// The numbers that differ from one file system and run to the next.
var volatile = regexp.MustCompile(`dev=\d+, ino=\d+`)

func TestTraceLines(t *testing.T) {
	dir := t.TempDir()
	mkdir(t, dir, "d")
	touch(t, dir, "d/input.txt")
	symlink(t, "input.txt", dir, "d/link")
	r := newRig(t, Config{
		Args: []string{"prog", "-v"}, Env: []string{"HOME=/"}, Stdin: strings.NewReader("a line\nand more"), Stdout: &bytes.Buffer{},
		Now: func() time.Time { return time.Unix(1_700_000_000, 5) }, Monotonic: func() time.Duration { return 42 },
		Random:   strings.NewReader("0123456789abcdef"),
		Preopens: []Preopen{{Guest: "/data", Root: openRoot(t, dir)}},
	})
	var trace bytes.Buffer
	tick := time.Unix(0, 0)
	tracer := hostcall.NewTracer(&trace, func() time.Time { tick = tick.Add(1500 * time.Nanosecond); return tick })
	do := func(name string, args ...any) { t.Helper(); r.observed(tracer, name, args...) }

	do("fd_prestat_get", 3, out64(0))
	do("fd_prestat_dir_name", 3, 0x5000, 5)
	do("fd_prestat_get", 4, out64(0))
	do("args_sizes_get", out64(0), out64(1))
	do("args_get", 0x5000, 0x6000)
	do("environ_sizes_get", out64(0), out64(1))
	do("environ_get", 0x5000, 0x6000)
	do("clock_res_get", 1, out64(0))
	do("clock_time_get", 0, 1000, out64(0))
	do("clock_time_get", 3, 0, out64(0))
	do("random_get", 0x5000, 8)
	do("fd_fdstat_get", 1, out64(0))
	do("fd_fdstat_get", 3, out64(0))
	do("path_open", 3, lookupFollow, "d/link", 0, rightFDRead|rightFDSeek, 0, 0, out64(0))
	r.at = 0x3000
	vec := r.vec(ioAt, 4)
	copy(r.mem[vec+8:], r.mem[r.vec(ioAt+100, 64):][:8])
	do("fd_read", 4, vec, 2, out64(0))
	do("fd_pread", 4, vec, 1, 1, out64(0))
	do("fd_seek", 4, -2, whenceEnd, out64(0))
	do("fd_seek", 4, -2, 9, out64(0))
	do("fd_tell", 4, out64(0))
	do("fd_advise", 4, 0, 7, 3)
	do("fd_filestat_set_times", 4, 1_000_000_000, 1_700_000_000_000_000_000, fstAtim|fstMtim)
	do("fd_filestat_get", 4, out64(0))
	do("fd_write", 4, vec, 1, out64(0))
	do("fd_close", 4)
	do("fd_close", 4)
	do("path_open", 3, 0, "new", oCreat|oExcl|oTrunc, rightFDWrite, 0, fdAppend|fdSync, out64(0))
	do("fd_fdstat_set_flags", 4, fdNonblock|uint16(64))
	do("fd_fdstat_set_rights", 4, rightFDWrite|rightFDSync, 0)
	copy(r.mem[ioAt:], strings.Repeat("long ", 20))
	r.at = 0x3000
	do("fd_write", 4, r.vec(ioAt, 100), 1, out64(0))
	do("fd_pwrite", 4, 0x3000, 1, 50, out64(0))
	do("fd_allocate", 4, 0, 10)
	do("fd_filestat_set_size", 4, 3)
	do("fd_datasync", 4)
	do("fd_sync", 4)
	do("fd_renumber", 4, 2)
	do("path_open", 3, 0, "../etc/passwd", 0, rightFDRead, 0, 0, out64(0))
	do("path_create_directory", 3, "made")
	do("path_symlink", "made", 3, "made.link")
	do("path_readlink", 3, "made.link", 0x5000, 64, out64(0))
	do("path_link", 3, 0, "new", 3, "second")
	do("path_rename", 3, "second", 3, "third")
	do("path_unlink_file", 3, "third")
	do("path_remove_directory", 3, "d")
	do("path_filestat_set_times", 3, lookupFollow, "d/link", 0, 1_600_000_000_000_000_000, fstAtimNow|fstMtim)
	do("path_filestat_get", 3, lookupFollow, "d/link", out64(0))
	do("path_open", 3, 0, "made", oDirectory, rightFDReaddir, inheritedRights, 0, out64(0))
	do("fd_readdir", 4, 0x20000, 200, 0, out64(0))
	r.at = 0x3000
	do("fd_read", 0, r.vec(ioAt, 7), 1, out64(0))
	copy(r.mem[0x8000:], clockSub(1, clockMonotonic, 1_500_000, 0))
	copy(r.mem[0x8000+sizeSubscription:], fdSub(2, eventRead, 0))
	copy(r.mem[0x8000+2*sizeSubscription:], clockSub(3, clockRealtime, 1, flagAbstime))
	copy(r.mem[0x8000+3*sizeSubscription:], fdSub(4, eventWrite, 77))
	do("poll_oneoff", 0x8000, 0x9000, 4, out64(0))
	do("poll_oneoff", 0x8000, 0x9000, 0, out64(0))
	do("sock_accept", 0, 0, out64(0))
	do("sock_recv", 0, 0x3000, 1, 0, out64(0), out64(1))
	do("sock_send", 0, 0x3000, 1, 0, out64(0))
	do("sock_shutdown", 1, 3)
	do("proc_raise", 6)
	do("sched_yield")
	do("fd_write", 1, uint32(0xfffffff0), 2, out64(0))
	do("path_open", 3, 0, uint32(0xfffffff0), 9, 0, 0, 0, 0, out64(0))
	do("fd_fdstat_get", 1, uint32(0xfffffff0))
	do("proc_exit", 3)

	got := volatile.ReplaceAllString(trace.String(), "dev=D, ino=I")
	if n := strings.Count(got, "\n"); n < len(Calls().Specs) {
		t.Errorf("%d lines for %d calls", n, len(Calls().Specs))
	}
	for _, s := range Calls().Specs {
		if !strings.Contains(got, s.Name+"(") {
			t.Errorf("%s is not traced", s.Name)
		}
	}
	golden := filepath.Join("testdata", "trace.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("trace (-want +got), rewritten by go test -update:\n%s", diff)
	}
}

func TestTheDocumentationShowsRealTraceLines(t *testing.T) {
	doc, err := os.ReadFile(filepath.Join("..", "..", "docs", "wasi.md"))
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile(filepath.Join("testdata", "trace.golden"))
	if err != nil {
		t.Fatal(err)
	}
	_, example, ok := strings.Cut(string(doc), "```trace\n")
	example, _, closed := strings.Cut(example, "```")
	if !ok || !closed {
		t.Fatal("docs/wasi.md has no trace block")
	}
	for line := range strings.Lines(example) {
		if !bytes.Contains(golden, []byte(line)) {
			t.Errorf("docs/wasi.md shows a line that the tests do not produce:\n%s", line)
		}
	}
}
