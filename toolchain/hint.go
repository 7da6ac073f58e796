package toolchain

import "regexp"

// hint is a next step for a known obstacle.
type hint struct {
	cFamily bool // for C and C++; else for every other language
	pattern *regexp.Regexp
	text    string
}

func (h hint) applies(l Lang) bool { return h.cFamily == isC(l) }

var hints = [...]hint{
	{true, regexp.MustCompile(`with exceptions disabled`),
		"the C++ library for WebAssembly has no exceptions; with -- -fexceptions the program builds, and a throw ends it with a message"},
	{true, regexp.MustCompile(`_WASI_EMULATED_SIGNAL`),
		"build with -- -D_WASI_EMULATED_SIGNAL -lwasi-emulated-signal"},
	{true, regexp.MustCompile(`_WASI_EMULATED_MMAN`),
		"build with -- -D_WASI_EMULATED_MMAN -lwasi-emulated-mman"},
	{true, regexp.MustCompile(`_WASI_EMULATED_PROCESS_CLOCKS|undefined symbol: (clock|times)\b`),
		"build with -- -D_WASI_EMULATED_PROCESS_CLOCKS -lwasi-emulated-process-clocks"},
	{true, regexp.MustCompile(`_WASI_EMULATED_GETPID|undefined symbol: getpid\b`),
		"build with -- -D_WASI_EMULATED_GETPID -lwasi-emulated-getpid"},
	{true, regexp.MustCompile(`setjmp\.h' file not found|undefined symbol: (setjmp|longjmp)`),
		"this C library for WebAssembly has no setjmp and longjmp"},
	{true, regexp.MustCompile(`undefined symbol: (pthread_create|fork|execv|system|socket)\b`),
		"WASI preview 1 has no processes, threads or outgoing sockets: leave that part out"},
	{false, regexp.MustCompile(`build constraints exclude all Go files|undefined: syscall\.`),
		"the package has no code for GOOS=wasip1 GOARCH=wasm"},
	{false, regexp.MustCompile(`can't find crate for .(core|std)`),
		"a crate was compiled by another rustc than the one that has the WebAssembly library: remove its target directory"},
}

// hintFor knows the obstacles that a compiler's message leaves the reader alone with.
func hintFor(lang Lang, output string) string {
	for _, h := range hints {
		if h.applies(lang) && h.pattern.MatchString(output) {
			return h.text
		}
	}
	return ""
}
