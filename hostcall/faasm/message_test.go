package faasm

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

func TestReadInputCopiesWhatFits(t *testing.T) {
	tests := []struct {
		name, input string
		room        uint64
		want        uint32
		wantBuf     string
	}{
		{"no room asks for the size", "hello", 0, 5, "......"},
		{"room for all", "hello", 6, 5, "hello."},
		{"room for some", "hello", 2, 2, "he...."},
		{"no input and no room", "", 0, 0, "......"},
		{"no input", "", 6, 0, "......"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, Config{Input: []byte(tt.input)})
			r.guest.put(64, "......")
			if got := r.must("__faasm_read_input", 64, tt.room); got != tt.want {
				t.Errorf("result %d, want %d", got, tt.want)
			}
			if got := string(r.guest.mem[64:70]); got != tt.wantBuf {
				t.Errorf("buffer %q, want %q", got, tt.wantBuf)
			}
		})
	}
}

func TestWriteOutputReplacesAndTakesTheLengthAtItsWord(t *testing.T) {
	r := newRig(t, Config{})
	r.guest.put(64, "first\x00and more")
	r.must("__faasm_write_output", 64, 14)
	if got := string(r.inv.Output()); got != "first\x00and more" {
		t.Errorf("output %q", got)
	}
	r.must("__faasm_write_output", 64, 2)
	if got := string(r.inv.Output()); got != "fi" {
		t.Errorf("output %q, want the second to replace the first", got)
	}
	r.must("__faasm_write_output", 64, 0)
	if got := string(r.inv.Output()); got != "" {
		t.Errorf("output %q, want none", got)
	}
}

func TestOutputStaysWithinTheLimitThatStreamsShare(t *testing.T) {
	r := newRig(t, Config{OutputLimit: 100, Written: func() uint64 { return 40 }})
	r.must("__faasm_write_output", 64, 60)
	_, err := r.invoke("__faasm_write_output", 64, 61)
	var limit *guest.Limit
	if !errors.As(err, &limit) || limit.Kind != guest.LimitOutput || limit.Allowed != 100 || limit.Used != 101 {
		t.Errorf("got %v, want the output limit of 100 with 101 used", err)
	}
	if got := len(r.inv.Output()); got != 60 {
		t.Errorf("output of %d bytes is left, want the 60 before", got)
	}
}

func TestConfFlags(t *testing.T) {
	var log bytes.Buffer
	tests := []struct {
		flag    string
		preload bool
		want    uint32
		warns   bool
	}{
		{"PYTHON_PRELOAD", false, 0, false},
		{"PYTHON_PRELOAD", true, 1, false},
		{"ALWAYS_ON", false, 1, false},
		{"ALWAYS_OFF", true, 0, false},
		{"SOMETHING", true, 0, true},
	}
	for _, tt := range tests {
		log.Reset()
		r := newRig(t, Config{Python: Python{Preload: tt.preload}, Log: slog.New(slog.NewTextHandler(&log, nil))})
		r.guest.put(64, tt.flag)
		if got := r.must("__faasm_conf_flag", 64); got != tt.want {
			t.Errorf("%s with preload %v: %d, want %d", tt.flag, tt.preload, got, tt.want)
		}
		if warned := strings.Contains(log.String(), "level=WARN") && strings.Contains(log.String(), "flag="+tt.flag); warned != tt.warns {
			t.Errorf("%s: log %q", tt.flag, log.String())
		}
	}
}

func TestOneInvocationWarnsOnceAndBriefly(t *testing.T) {
	var log bytes.Buffer
	cfg := Config{Log: slog.New(slog.NewTextHandler(&log, nil))}
	r := newRig(t, cfg)
	r.guest.put(64, strings.Repeat("A", 5000))
	for range 10 {
		r.must("__faasm_conf_flag", 64)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || log.Len() > 300 {
		t.Errorf("%d lines of %d bytes, want one short line", lines, log.Len())
	}
	r.inv.Reset(cfg)
	r.must("__faasm_conf_flag", 64)
	if lines := strings.Count(log.String(), "\n"); lines != 2 {
		t.Errorf("%d lines after the next invocation, want 2", lines)
	}
}

func TestAPooledInvocationLetsGoOfALargeOutput(t *testing.T) {
	r := newRig(t, Config{})
	r.guest.Grow(32)
	r.must("__faasm_write_output", 0, 2<<20)
	r.inv.Reset(Config{})
	if n := cap(r.inv.output); n > maxKeptOutput {
		t.Errorf("it keeps %d bytes", n)
	}
}

func TestPythonFieldsEndWithANul(t *testing.T) {
	r := newRig(t, Config{Python: Python{User: "demo", Function: "hello", Entry: ""}})
	for name, want := range map[string]string{
		"__faasm_get_py_user": "demo", "__faasm_get_py_func": "hello", "__faasm_get_py_entry": "",
	} {
		r.guest.put(64, "..............")
		r.must(name, 64, uint64(len(want)+1))
		if got := r.guest.cString(t, 64); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
		if r.guest.mem[64+len(want)+1] != '.' {
			t.Errorf("%s wrote behind its buffer", name)
		}
	}
}

func TestBacktraceGetsTheDepth(t *testing.T) {
	var got int32
	r := newRig(t, Config{Backtrace: func(depth int32, c *hostcall.Call) error {
		got = depth
		return nil
	}})
	r.must("__faasm_backtrace", 7)
	if got != 7 {
		t.Errorf("depth %d, want 7", got)
	}
}

func TestIdentityIsTheSameForEveryFunction(t *testing.T) {
	r := newRig(t, Config{Processors: 6})
	for name, want := range map[string]uint32{
		"getuid": 1000, "geteuid": 1000, "getgid": 1000, "getegid": 1000, "getpid": 23, "getppid": 1,
	} {
		if got := r.must(name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
	for name, want := range map[uint64]uint32{84: 6, 83: 6, 30: 65536, 2: 100, 85: failed, failed: failed} {
		if got := r.must("sysconf", name); got != want {
			t.Errorf("sysconf(%d): %d, want %d", name, got, want)
		}
	}
	r.must("getresuid", 64, 68, 72)
	if got := r.guest.mem[64:76]; !bytes.Equal(got, []byte{0xe8, 3, 0, 0, 0xe8, 3, 0, 0, 0xe8, 3, 0, 0}) {
		t.Errorf("getresuid wrote % x", got)
	}
	if r.must("gethostname", 64, 5) != failed || r.must("gethostname", 64, 6) != 0 || r.guest.cString(t, 64) != "faasm" {
		t.Error("gethostname must fail where the name and its NUL do not fit")
	}
	if r.must("getcwd", 64, 4) != 0 || r.must("getcwd", 64, 5) != 64 || r.guest.cString(t, 64) != "/bin" {
		t.Error("getcwd must return NULL where the path and its NUL do not fit")
	}
	if got := r.must("syscall", 224, 0); got != 66 {
		t.Errorf("gettid: %d, want 66", got)
	}
	if a, b := r.must("umask", 0o177), r.must("umask", 0); a != 0o22 || b != 0o177 {
		t.Errorf("umask: %#o, then %#o", a, b)
	}
}

func TestMessagesAreTheirOwnTranslation(t *testing.T) {
	r := newRig(t, Config{})
	domain := r.must("textdomain", 0)
	if got := r.guest.cString(t, domain); got != "messages" {
		t.Errorf("the first domain is %q", got)
	}
	for _, tt := range []struct {
		name string
		args []uint64
		want uint32
	}{
		{"gettext", []uint64{40}, 40},
		{"dgettext", []uint64{8, 40}, 40},
		{"dcgettext", []uint64{8, 40, 5}, 40},
		{"bindtextdomain", []uint64{8, 40}, 40},
		{"textdomain", []uint64{8}, 8},
		{"textdomain", []uint64{0}, 8},
	} {
		if got := r.must(tt.name, tt.args...); got != tt.want {
			t.Errorf("%s%v: %d, want %d", tt.name, tt.args, got, tt.want)
		}
	}
}

func TestSmallCallsDoWhatTheirNamesSay(t *testing.T) {
	r := newRig(t, Config{})
	r.guest.put(64, "secret")
	r.must("explicit_bzero", 64, 3)
	if got := string(r.guest.mem[64:70]); got != "\x00\x00\x00ret" {
		t.Errorf("explicit_bzero left %q", got)
	}
	r.guest.put(64, "secret")
	if r.must("sigaction", 2, 0, 64) != 0 || string(r.guest.mem[64:70]) != "\x00\x00\x00\x00et" {
		t.Errorf("sigaction left %q, want the old handler to be SIG_DFL", r.guest.mem[64:70])
	}
	if r.must("sigaction", 2, 0, 65533) != failed {
		t.Error("sigaction took a pointer outside memory")
	}
	if r.must("raise", 17) != 0 || r.must("raise", 65) != failed {
		t.Error("raise must ignore SIGCHLD and refuse signal 65")
	}
	values := []guest.Value{guest.ValueF64(-10)}
	if err := r.table.Lookup(module, "exp2").Invoke(&r.call, r.guest.mem, []any{r.inv}, values); err != nil {
		t.Fatal(err)
	}
	if got := values[0].F64(); got != 1.0/1024 {
		t.Errorf("exp2(-10) = %v", got)
	}
	if r.must("dup", 3) != failed || r.must("__wasi_fd_dup", 3, 64) != 8 || r.must("__wasi_fd_dup", 3, 65534) != 21 {
		t.Error("without files, dup must fail with -1, and __wasi_fd_dup with EBADF or, given a bad pointer, EFAULT")
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestPutsFailsWithEOFUnlessALimitEndsTheInvocation(t *testing.T) {
	r := newRig(t, Config{Stdout: failingWriter{errors.New("closed")}})
	if got := r.must("puts", 64); got != failed {
		t.Errorf("puts on a closed output: %d, want EOF", int32(got))
	}
	r = newRig(t, Config{Stdout: failingWriter{&guest.Limit{Kind: guest.LimitOutput}}})
	for _, name := range []string{"puts", "__println"} {
		_, err := r.invoke(name, 64)
		var limit *guest.Limit
		if !errors.As(err, &limit) {
			t.Errorf("%s: %v, want the limit", name, err)
		}
	}
}

func TestACancelledInvocationDoesNotReadOn(t *testing.T) {
	r := newRig(t, Config{Files: fakeFiles{3: "content"}})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.guest.ctx = ctx
	if _, err := r.invoke("mmap", 0, 100, 1, 2, 3, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
}

func TestNothingOfAnInvocationIsLeftForTheNext(t *testing.T) {
	r := newRig(t, Config{Input: []byte("secret"), Python: Python{User: "demo"}})
	r.guest.put(64, "output")
	r.must("__faasm_write_output", 64, 6)
	r.must("mmap", 0, 3*pageSize, 3, 0x22, failed, 0)
	r.must("mmap", 0, pageSize, 3, 0x22, failed, 0)
	r.must("munmap", pageSize, pageSize)
	r.must("getpwuid", 1000)
	r.must("umask", 0)
	r.inv.Reset(Config{})
	r.guest = newGuest(2, 64)
	r.call.Guest = r.guest
	if len(r.inv.Output()) != 0 || r.must("__faasm_read_input", 0, 0) != 0 {
		t.Error("input or output is left")
	}
	if _, err := r.invoke("__faasm_get_py_user", 64, 20); err == nil {
		t.Error("the Python user is left")
	}
	if r.must("umask", 0) != 0o22 {
		t.Error("the umask is left")
	}
	if got := r.must("__sbrk", 0); got != 2*pageSize {
		t.Errorf("the break is 0x%x, want the new memory's end", got)
	}
	if got := r.must("getpwuid", 1000); got != 2*pageSize {
		t.Errorf("the new passwd entry is at 0x%x, want a new one at the break", got)
	}
}

func TestInputAndOutputAllocateNothing(t *testing.T) {
	r := newRig(t, Config{})
	cfg := Config{Input: []byte("hello"), OutputLimit: 1 << 20, Written: func() uint64 { return 0 }}
	read, write := r.table.Lookup(module, "__faasm_read_input"), r.table.Lookup(module, "__faasm_write_output")
	states := []any{r.inv}
	args := make([]guest.Value, 2)
	once := func() {
		r.inv.Reset(cfg)
		for _, spec := range []*hostcall.Spec{read, write} {
			args[0], args[1] = guest.ValueI32(64), guest.ValueI32(5)
			if err := spec.Invoke(&r.call, r.guest.mem, states, args); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := testing.AllocsPerRun(100, once); n != 0 {
		t.Errorf("%v allocations for an invocation, want none", n)
	}
	if string(r.inv.Output()) != "hello" {
		t.Errorf("output %q", r.inv.Output())
	}
}

func BenchmarkInputAndOutput(b *testing.B) {
	table, err := hostcall.NewTable(Calls())
	if err != nil {
		b.Fatal(err)
	}
	inv, g, c := &Invocation{}, newGuest(1, 1), &hostcall.Call{}
	c.Guest = g
	read, write := table.Lookup(module, "__faasm_read_input"), table.Lookup(module, "__faasm_write_output")
	states, args := []any{inv}, make([]guest.Value, 2)
	cfg := Config{Input: []byte("hello")}
	b.ReportAllocs()
	for b.Loop() {
		inv.Reset(cfg)
		args[0], args[1] = guest.ValueI32(64), guest.ValueI32(64)
		_ = read.Invoke(c, g.mem, states, args)
		args[0], args[1] = guest.ValueI32(64), guest.ValueI32(5)
		_ = write.Invoke(c, g.mem, states, args)
	}
}

// FuzzCalls gives calls any arguments, observed and not: they may end the invocation
// but not the host, and what they do does not depend on who looks.
func FuzzCalls(f *testing.F) {
	specs := Calls().Specs
	for i := range specs {
		f.Add(uint8(i), uint64(64), uint64(8), uint64(0xffffffff), uint64(3), uint64(3), uint64(1<<63))
		f.Add(uint8(i), uint64(65535), uint64(0xffffffff), uint64(65534), uint64(0), uint64(0), uint64(0))
	}
	f.Fuzz(func(t *testing.T, which uint8, a, b, c, d, e, g uint64) {
		spec := specs[int(which)%len(specs)]
		args := []uint64{a, b, c, d, e, g}
		run := func(observed bool) (uint32, string, []byte) {
			r := newRig(t, Config{
				Input: []byte("input"), Python: Python{User: "u"}, OutputLimit: 1 << 16,
				Files: fakeFiles{0: "stdin", 3: strings.Repeat("x", 3000)},
			})
			if !observed {
				r.observer = nil
			}
			for i := range r.guest.mem[:4096] {
				r.guest.mem[i] = byte(i)
			}
			r.must("mmap", 0, 3*pageSize, 3, 0x22, failed, 0)
			r.must("munmap", 2*pageSize, 10)
			result, err := r.invoke(spec.Name, args...)
			what := ""
			if err != nil {
				what = err.Error()
			}
			if n := len(r.guest.mem); n > 64*pageSize {
				t.Fatalf("memory has %d bytes, more than its maximum", n)
			}
			if n := len(r.inv.Output()); n > 1<<16 {
				t.Fatalf("output has %d bytes, more than its limit", n)
			}
			r.must("__sbrk", 100)
			return result, what, r.guest.mem
		}
		result, err, mem := run(false)
		result2, err2, mem2 := run(true)
		if result != result2 || err != err2 || !bytes.Equal(mem, mem2) {
			t.Fatalf("%s%v: %d, %q unobserved; %d, %q observed", spec.Name, args, result, err, result2, err2)
		}
	})
}
