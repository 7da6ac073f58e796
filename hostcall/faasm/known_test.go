package faasm

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestKnownImportsAreSortedWithoutDuplicatesAndWellFormed(t *testing.T) {
	all := knownImports()
	signature := regexp.MustCompile(`^[iIfF]*:[iIfF]?$`)
	for i, k := range all {
		if i > 0 && all[i-1].name >= k.name {
			t.Errorf("%s follows %s", k.name, all[i-1].name)
		}
		if !signature.MatchString(k.signature) {
			t.Errorf("%s has the signature %q", k.name, k.signature)
		}
	}
}

// The sizes of Faasm's families of calls.
func TestKnownImportsCoverEveryFamily(t *testing.T) {
	for _, c := range []struct {
		name, prefix string
		atLeast      int
	}{
		{"Faasm's own", "__faasm_", 50},
		{"MPI", "MPI_", 55},
		{"OpenMP's runtime", "__kmpc_", 18},
		{"OpenMP's functions", "omp_", 10},
		{"threads", "pthread_", 27},
		{"S3", "__faasm_s3_", 8},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := 0
			for _, k := range knownImports() {
				if strings.HasPrefix(k.name, c.prefix) {
					n++
				}
			}
			if n < c.atLeast {
				t.Errorf("%d known, want at least %d", n, c.atLeast)
			}
		})
	}
}

func TestKnownImportsHaveFaasmsSignatures(t *testing.T) {
	for name, want := range map[string]string{
		"__faasm_read_input":               "ii:i",
		"__faasm_write_output":             "ii:",
		"__faasm_chain_name":               "iii:i",
		"__faasm_chain_ptr":                "iii:i",
		"__faasm_chain_py":                 "iii:i",
		"__faasm_await_call":               "i:i",
		"__faasm_await_call_output":        "iii:i",
		"__faasm_read_state":               "iii:i",
		"__faasm_read_state_offset":        "iiiii:",
		"__faasm_write_state_from_file":    "ii:i",
		"__faasm_read_appended_state":      "iiii:",
		"__faasm_conf_flag":                "i:i",
		"__faasm_backtrace":                "i:",
		"__faasm_host_interface_test":      "i:",
		"__faasm_sm_reduce":                "iiii:",
		"__faasm_sm_array":                 "iii:",
		"__faasm_migrate_point":            "ii:",
		"__faasm_s3_add_key_bytes":         "iiiii:i",
		"__faasm_memory_layout_protection": ":",
		"mmap":                             "iiiiiI:i",
		"munmap":                           "ii:i",
		"__sbrk":                           "i:i",
		"shm_open":                         "iii:i",
		"dlopen":                           "ii:i",
		"dlsym":                            "ii:i",
		"dlclose":                          "i:i",
		"dlerror":                          ":i",
		"ffi_call":                         "iiii:",
		"ffi_prep_closure_loc":             "iiiii:i",
		"pthread_create":                   "iiii:i",
		"pthread_join":                     "ii:i",
		"pthread_once":                     "ii:i",
		"__kmpc_fork_call":                 "iiii:",
		"__kmpc_for_static_init_4":         "iiiiiiiii:",
		"__kmpc_for_static_init_8":         "iiiiiiiII:",
		"omp_get_wtime":                    ":F",
		"MPI_Init":                         "ii:i",
		"MPI_Sendrecv":                     "iiiiiiiiiiii:i",
		"MPI_Wtime":                        ":F",
		"dup":                              "i:i",
		"__wasi_fd_dup":                    "ii:i",
		"getpwuid":                         "i:i",
		"getpwnam":                         "i:i",
		"uname":                            "i:i",
		"sysconf":                          "i:i",
		"waitpid":                          "iii:i",
		"popen":                            "ii:i",
		"system":                           "i:i",
		"abort":                            ":",
		"gettext":                          "i:i",
		"signal":                           "ii:i",
		"exp2":                             "F:F",
	} {
		if got, ok := signatureOf(name); !ok || got != want {
			t.Errorf("%s is known as %q, want %q", name, got, want)
		}
	}
}

// The guest headers declare what they import; the compiler says with which types.
func TestKnownImportsAgreeWithTheGuestHeaders(t *testing.T) {
	source := writeUserOfEveryDeclaration(t)
	object := source + ".o"
	runTool(t, "clang-19", "--target=wasm32-wasi", "--sysroot=/usr", "-I../../include", "-I../../include/posix", "-c", source, "-o", object)
	types := map[string]string{}
	typeLine := regexp.MustCompile(`(?m)^ - type\[(\d+)\] \((.*)\) -> (.*)$`)
	for _, m := range typeLine.FindAllStringSubmatch(runTool(t, "wasm-objdump", "-x", "-j", "Type", object), -1) {
		letters := strings.NewReplacer("i32", "i", "i64", "I", "f32", "f", "f64", "F", "nil", "", ", ", "")
		types[m[1]] = letters.Replace(m[2]) + ":" + letters.Replace(m[3])
	}
	importLine := regexp.MustCompile(`(?m)^ - func\[\d+\] sig=(\d+).* <- env\.(\S+)$`)
	imports := importLine.FindAllStringSubmatch(runTool(t, "wasm-objdump", "-x", "-j", "Import", object), -1)
	if len(imports) < 50 {
		t.Fatalf("only %d imports found", len(imports))
	}
	for _, m := range imports {
		if got, ok := signatureOf(m[2]); !ok || got != types[m[1]] {
			t.Errorf("%s is known as %q, the headers declare %q", m[2], got, types[m[1]])
		}
	}
}

// writeUserOfEveryDeclaration writes a C source that takes the address of every
// function that the guest headers import.
func writeUserOfEveryDeclaration(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	var table strings.Builder
	declared := regexp.MustCompile(`(?:FAASM_HOST_CALL\(|import_name\(")(\w+)`)
	for _, header := range []string{"faasm/host_interface.h", "pwd.h", "unistd.h", "sys/mman.h"} {
		at := filepath.Join("../../include", header)
		if !strings.HasPrefix(header, "faasm/") {
			at = filepath.Join("../../include/posix", header)
		}
		content, err := os.ReadFile(at)
		if err != nil {
			t.Fatal(err)
		}
		text.WriteString("#include <" + header + ">\n")
		for _, m := range declared.FindAllStringSubmatch(string(content), -1) {
			if m[1] != "name" { // the macro's own parameter
				table.WriteString("(void *)" + m[1] + ",\n")
			}
		}
	}
	text.WriteString("void *all[] = {\n" + table.String() + "};\n")
	source := filepath.Join(t.TempDir(), "all.c")
	if err := os.WriteFile(source, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return source
}

func signatureOf(name string) (string, bool) {
	all := knownImports()
	i, ok := slices.BinarySearchFunc(all, name, func(k known, name string) int { return strings.Compare(k.name, name) })
	if !ok {
		return "", false
	}
	return all[i].signature, true
}

func runTool(t *testing.T, tool string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Fatalf("%s is missing: install it with apt-get install clang-19 wasi-libc wabt", tool)
	}
	cmd := exec.CommandContext(t.Context(), tool, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", tool, strings.Join(args, " "), err, stderr.String())
	}
	return string(out)
}
