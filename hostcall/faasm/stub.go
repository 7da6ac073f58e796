package faasm

import (
	"strings"
	"sync"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// Known returns the signature of an import that modules built for Faasm may have,
// whether or not this package provides it.
func Known(importModule, name string) (guest.FuncType, bool) {
	if importModule == threadModule && name == threadSpawn {
		return parseSignature("i:i"), true
	}
	if importModule != module {
		return guest.FuncType{}, false
	}
	t, ok := knownByName()[name]
	return t, ok
}

// Where WASI's proposal for threads has its one call.
const (
	threadModule = "wasi"
	threadSpawn  = "thread-spawn"
)

// knownByName is read only after it has been made.
var knownByName = sync.OnceValue(func() map[string]guest.FuncType {
	list := knownImports()
	m := make(map[string]guest.FuncType, len(list))
	for _, k := range list {
		m[k.name] = parseSignature(k.signature)
	}
	return m
})

// parseSignature reads a known import's signature.
func parseSignature(s string) guest.FuncType {
	letters := map[rune]guest.ValueType{'i': guest.I32, 'I': guest.I64, 'f': guest.F32, 'F': guest.F64}
	params, results, _ := strings.Cut(s, ":")
	var t guest.FuncType
	for _, c := range params {
		t.Params = append(t.Params, letters[c])
	}
	for _, c := range results {
		t.Results = append(t.Results, letters[c])
	}
	return t
}

// Stub returns a call for a known import that traps with "env.X is not provided" and
// what its user can do about it, or nil for an import that is not known.
func Stub(importModule, name string) *hostcall.Spec {
	t, ok := Known(importModule, name)
	if !ok {
		return nil
	}
	return hostcall.Unprovided(importModule, name, t, hint(name))
}

// hint says what a call that is not provided would need.
func hint(name string) string {
	for _, h := range []struct{ hint, names string }{
		{"it is of Faasm's first versions: chain by name or by pointer", "__faasm_chain_ __faasm_get_idx"},
		{"locks are between the functions of one host: lock for reading or writing", "__faasm_lock_state_global __faasm_unlock_state_global"},
		{"there is no S3 here", "__faasm_s3_"},
		{"invocations do not move between hosts here", "__faasm_migrate_"},
		{"Faasm declares it and never had it", "__faasm_sm_"},
		{"attestation needs a trusted enclave, which this runtime is not", "__accless_"},
		{"there is no MPI here", "MPI_"},
		{"OpenMP needs threads, which functions do not have here: build without -fopenmp", "__kmpc_ omp_"},
		{"functions have no threads here", "pthread_ thread-spawn __atomic_"},
		{"there is no dynamic linking here: link statically", "dl ffi_"},
		{"the function was built without support for C++ exceptions: build it with -fno-exceptions, or with -fwasm-exceptions", "__cxa_"},
		{"the function was built without support for it: build it with -mllvm -wasm-enable-sjlj", "setjmp longjmp"},
		{"functions have no network of their own", "accept bind connect freeaddrinfo gai_ getaddrinfo gethostby " +
			"getnameinfo getpeername getprotoby getservby getsock inet_ listen recv send setsockopt shutdown socket"},
		{"a function is one process and starts no other", "exec fork kill pclose pipe popen system wait openpty"},
		{"one function has nobody to share memory with: use mmap with MAP_ANONYMOUS", "shm_open memfd_create"},
		{"Linux system calls are not WebAssembly's: build it with wasi-libc", "__syscall"},
		{"its object file is missing from the link: add -lclang_rt.builtins-wasm32",
			"__addtf3 __divtf3 __eqtf2 __extend __getf2 __gttf2 __letf2 __lttf2 __multf3 __signbitl " +
				"__subtf3 __trunctfdf2 __unordtf2"},
		{"it is a function of the C library: link with wasi-libc", "fiprintf siprintf __small_sprintf putc " +
			"vfprintf strncat strpbrk strtold_l __errno_location __h_errno_location realpath"},
		{"it belongs to Faasm's emulator of the host", "emulator setEmulated"},
	} {
		for prefix := range strings.FieldsSeq(h.names) {
			if strings.HasPrefix(name, prefix) {
				return h.hint
			}
		}
	}
	return ""
}
