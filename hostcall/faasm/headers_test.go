package faasm

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestNumbersAreThoseOfTheGuestsHeaders has the compiler compare them.
func TestNumbersAreThoseOfTheGuestsHeaders(t *testing.T) {
	const source = `
#define _GNU_SOURCE
#define _WASI_EMULATED_MMAN
#define _WASI_EMULATED_SIGNAL
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <wasi/api.h>
#define SAME(a, b) _Static_assert((a) == (b), #a)
SAME(MAP_FIXED, 0x10); SAME(MAP_ANONYMOUS, 0x20); SAME(MAP_SHARED, 1); SAME(MAP_PRIVATE, 2);
SAME(PROT_READ, 1); SAME(PROT_WRITE, 2); SAME(PROT_EXEC, 4);
SAME(sizeof(struct utsname), 6 * 65); SAME(offsetof(struct utsname, machine), 4 * 65);
SAME(_SC_CLK_TCK, 2); SAME(_SC_OPEN_MAX, 4); SAME(_SC_PAGESIZE, 30); SAME(_SC_IOV_MAX, 60);
SAME(_SC_GETPW_R_SIZE_MAX, 70); SAME(_SC_NPROCESSORS_CONF, 83); SAME(_SC_NPROCESSORS_ONLN, 84);
SAME(_SC_HOST_NAME_MAX, 180);
SAME(SIGABRT, 6); SAME(SIGCHLD, 17); SAME(SIGCONT, 18); SAME(SIGURG, 23); SAME(SIGWINCH, 28); SAME(SIGSYS, 31);
SAME(SIG_DFL, (void (*)(int))0);
SAME(__WASI_ERRNO_BADF, 8); SAME(__WASI_ERRNO_FAULT, 21);
`
	const compiler = "clang-19"
	if _, err := exec.LookPath(compiler); err != nil {
		t.Fatalf("%v: apt-get install clang-19 wasi-libc", err)
	}
	file := filepath.Join(t.TempDir(), "numbers.c")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(compiler, "--target=wasm32-wasi", "-fsyntax-only", file).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", compiler, err, out)
	}
}
