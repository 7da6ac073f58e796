package faasm

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

func TestEveryCallHasTheSignatureThatModulesImport(t *testing.T) {
	for _, s := range Calls().Specs {
		want, ok := Known(s.Module, s.Name)
		if !ok {
			t.Errorf("%s.%s is provided but no module built for Faasm imports it", s.Module, s.Name)
			continue
		}
		if got := s.Type(); !got.Equal(want) {
			t.Errorf("%s.%s is provided as %s and imported as %s", s.Module, s.Name, got, want)
		}
	}
}

func TestKnownSignaturesAreWellFormedAndNamedOnce(t *testing.T) {
	list := knownImports()
	if !slices.IsSortedFunc(list, func(a, b known) int { return strings.Compare(a.name, b.name) }) {
		t.Error("the list is not sorted")
	}
	for i, k := range list {
		if i > 0 && k.name == list[i-1].name {
			t.Errorf("%s is listed twice", k.name)
		}
		params, results, ok := strings.Cut(k.signature, ":")
		if !ok || len(results) > 1 || strings.Trim(params+results, "iIfF") != "" {
			t.Errorf("%s has the malformed signature %q", k.name, k.signature)
		}
	}
}

func TestKnownCoversThreadSpawnAndNothingOfOtherModules(t *testing.T) {
	if got, ok := Known("wasi", "thread-spawn"); !ok || got.String() != "(i32) -> i32" {
		t.Errorf("wasi.thread-spawn: got %s, %v", got, ok)
	}
	if got, _ := Known("env", "mmap"); got.String() != "(i32, i32, i32, i32, i32, i64) -> i32" {
		t.Errorf("env.mmap: got %s", got)
	}
	for _, name := range [][2]string{{"env", "no_such_call"}, {"wasi_snapshot_preview1", "fd_write"}, {"wasi", "mmap"}} {
		if got, ok := Known(name[0], name[1]); ok {
			t.Errorf("%s.%s is known as %s", name[0], name[1], got)
		}
		if Stub(name[0], name[1]) != nil {
			t.Errorf("%s.%s has a stub", name[0], name[1])
		}
	}
}

func TestEveryKnownImportThatIsNotProvidedTrapsByName(t *testing.T) {
	table, err := hostcall.NewTable(Calls())
	if err != nil {
		t.Fatal(err)
	}
	stubs := 0
	for _, k := range knownImports() {
		if table.Lookup(module, k.name) != nil {
			continue
		}
		stubs++
		want := "env." + k.name + " is not provided"
		err := Stub(module, k.name).Invoke(&hostcall.Call{}, nil, nil, make([]guest.Value, 1))
		var trap *guest.Trap
		if !errors.As(err, &trap) || trap.Code != guest.TrapHost || !strings.HasPrefix(trap.Message, want) {
			t.Errorf("%s: got %v, want a trap with %q", k.name, err, want)
		}
	}
	if stubs == 0 || stubs == len(knownImports()) {
		t.Errorf("%d of %d known imports are stubs", stubs, len(knownImports()))
	}
}

func TestStubsSayWhatIsMissing(t *testing.T) {
	for name, want := range map[string]string{
		"__faasm_chain_this": "env.__faasm_chain_this is not provided: it is of Faasm's first versions: chain by name or by pointer",
		"pthread_create":     "env.pthread_create is not provided: functions have no threads here",
		"MPI_Init":           "env.MPI_Init is not provided: there is no MPI here",
		"socket":             "env.socket is not provided: functions have no network of their own",
		"sendfile":           "env.sendfile is not provided: functions have no network of their own",
		"system":             "env.system is not provided: a function is one process and starts no other",
		"utime":              "env.utime is not provided",
	} {
		err := Stub(module, name).Invoke(&hostcall.Call{}, nil, nil, make([]guest.Value, 1))
		var trap *guest.Trap
		if !errors.As(err, &trap) || trap.Message != want {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
}

func TestCallsThatEndTheInvocationSayWhy(t *testing.T) {
	r := newRig(t, Config{Python: Python{Function: "a_rather_long_name"}})
	tests := []struct {
		name string
		args []uint64
		want string
	}{
		{"__faasm_host_interface_test", []uint64{1}, "trap: Migrating MPI rank"},
		{"__faasm_host_interface_test", []uint64{0}, "trap: Unrecognised host interface test!"},
		{"__faasm_backtrace", []uint64{0}, "trap: env.__faasm_backtrace is not provided"},
		{"__faasm_get_py_user", []uint64{0, 20}, "trap: Python user empty, cannot return"},
		{"__faasm_get_py_func", []uint64{0, 18}, `trap: Python function "a_rather_long_name" and its NUL need 19 bytes, the function's buffer has 18: use a shorter name`},
		{"__faasm_get_py_entry", []uint64{0, 0}, `trap: Python entry "" and its NUL need 1 bytes, the function's buffer has 0: use a shorter name`},
		{"__faasm_read_input", []uint64{65530, 7}, "trap: memory access out of bounds: env.__faasm_read_input: argument buf at 0xfffa is outside the memory of 64 KiB"},
		{"__faasm_read_input", []uint64{0, 0xffffffff}, "trap: memory access out of bounds: env.__faasm_read_input: argument buf at 0x0 is outside the memory of 64 KiB"},
		{"__faasm_conf_flag", []uint64{65536}, "trap: memory access out of bounds: env.__faasm_conf_flag: argument key at 0x10000 is outside the memory of 64 KiB"},
		{"__faasm_sm_reduce", []uint64{8, 0, 1, 0}, "trap: Cannot declare untyped merge regions from code"},
		{"__faasm_sm_reduce", []uint64{8, 6, 1, 0}, "trap: Unrecognised shared memory data type"},
		{"__faasm_sm_reduce", []uint64{8, 2, 6, 0}, "trap: Unrecognised merge operation"},
		{"abort", nil, "trap: abort called"},
		{"raise", []uint64{6}, "trap: function raised SIGABRT"},
		{"raise", []uint64{40}, "trap: function raised signal 40"},
		{"exit", []uint64{3}, "exit status 3"},
		{"_Exit", []uint64{0xffffffff}, "exit status -1"},
		{"syscall", []uint64{1, 0}, "trap: system call 1 is not provided: only gettid (224) is"},
	}
	for _, tt := range tests {
		_, err := r.invoke(tt.name, tt.args...)
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s%v: got %v, want %s", tt.name, tt.args, err, tt.want)
		}
	}
}

func TestTraceShowsWhatCallsWereGivenAndAnswered(t *testing.T) {
	var out strings.Builder
	r := newRig(t, Config{
		Input:  []byte("hello"),
		Files:  fakeFiles{3: "content"},
		Python: Python{User: "demo"},
		Stdout: &out,
	})
	r.guest.put(256, "ALWAYS_ON")
	r.guest.put(512, "faasm")
	r.must("__faasm_read_input", 0, 0)
	r.must("__faasm_read_input", 0, 64)
	r.must("__faasm_write_output", 1, 3)
	r.must("__faasm_conf_flag", 256)
	r.must("__faasm_get_py_user", 128, 20)
	r.must("__faasm_sm_reduce", 64, 2, 1, 0)
	r.must("mmap", 0, 100, 3, 0x22, 0xffffffff, 0)
	r.must("mmap", 0, 100, 1, 2, 9, 0)
	r.must("munmap", 65536, 100)
	r.must("__sbrk", 0)
	r.must("dup", 3)
	r.must("__wasi_fd_dup", 3, 128)
	r.must("__wasi_fd_dup", 99, 128)
	r.must("umask", 0o77)
	r.must("getuid")
	r.must("getpwnam", 512)
	r.must("uname", 1024)
	r.must("gethostname", 128, 64)
	r.must("signal", 15, 1)
	r.must("puts", 512)
	_, _ = r.invoke("exit", 2)
	_, _ = r.invoke("__faasm_conf_flag", 1<<20)
	want := `__faasm_read_input(0x0, 0) = 5, buf="" <0s>
__faasm_read_input(0x0, 64) = 5, buf="hello" <0s>
__faasm_write_output("ell") = void <0s>
__faasm_conf_flag("ALWAYS_ON") = 1 <0s>
__faasm_get_py_user(0x80, 20) = void <0s>
__faasm_sm_reduce(0x40, int, sum, 0) = void <0s>
mmap(NULL, 100, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x10000 <0s>
mmap(NULL, 100, PROT_READ, MAP_PRIVATE, 9, 0) = -1 <0s>
munmap(0x10000, 100) = 0 <0s>
__sbrk(0) = 0x10000 <0s>
dup(3) = 5 <0s>
__wasi_fd_dup(3) = SUCCESS, newfd=6 <0s>
__wasi_fd_dup(99) = BADF <0s>
umask(077) = 022 <0s>
getuid() = 1000 <0s>
getpwnam("faasm") = 0x10000 <0s>
uname() = 0, buf={"Linux", "faasm", "1.0.0", "Faasm 123", "x86", "(none)"} <0s>
gethostname(0x80, 64) = 0, name="faasm\x00" <0s>
signal(SIGTERM, 0x1) = NULL <0s>
puts("faasm") = 0 <0s>
exit(2) = ? (exit status 2) <0s>
__faasm_conf_flag(0x100000) = ? (trap: memory access out of bounds: env.__faasm_conf_flag: argument key at 0x100000 is outside the memory of 192 KiB) <0s>
`
	if got := r.trace.String(); got != want {
		t.Errorf("trace:\n%s\nwant:\n%s", got, want)
	}
	if out.String() != "faasm\n" {
		t.Errorf("standard output: %q", out.String())
	}
}
