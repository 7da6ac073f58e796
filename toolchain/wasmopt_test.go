package toolchain_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/toolchain"
)

// TestWasmOptStaysOut puts a wasm-opt first on the PATH that leaves a trace, and
// builds with every clang of the machine that can build.
func TestWasmOptStaysOut(t *testing.T) {
	need(t, "wasm-opt", "binaryen") // the true one is on the PATH of every other test
	set := tools(t, toolchain.C)
	for _, clang := range set.Clangs {
		if len(clang.Missing) > 0 {
			continue
		}
		t.Run("with clang "+clang.Version.String(), func(t *testing.T) {
			dir := t.TempDir()
			trace := filepath.Join(dir, "trace")
			m := newMachine(t)
			m.script(filepath.Join(dir, "wasm-opt"), "echo called >"+trace+"\n")
			if err := os.Symlink(clang.Path, filepath.Join(dir, "clang")); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(clang.Linker, filepath.Join(dir, "wasm-ld")); err != nil {
				t.Fatal(err)
			}
			env := append(os.Environ(), "PATH="+dir+":/usr/bin:/bin")

			// The control: clang by itself would run one. Which one is clang's own
			// affair: it also looks beside itself.
			plain := dryRun(t, env, []string{clang.Path, "--target=wasm32-wasi", "-O2", "-fuse-ld=" + clang.Linker, "testdata/c/sum.c", "-o", "plain.wasm"})
			if !strings.Contains(plain, "wasm-opt") {
				t.Fatalf("clang by itself does not run wasm-opt, so the test shows nothing:\n%s", plain)
			}

			set := toolchain.Find(t.Context(), toolchain.Host{Env: append(env, "PATH="+dir)}, toolchain.C)
			for _, flags := range [][]string{nil, {"-O3", "-flto"}} {
				module, result := build(t, set, toolchain.Request{Sources: []string{"testdata/c/sum.c"}, Flags: flags})
				if !strings.HasPrefix(result.Compiler, dir) {
					t.Fatalf("built with %s", result.Compiler)
				}
				if _, err := os.Stat(trace); err == nil {
					t.Errorf("flags %q: wasm-opt was called", flags)
				}
				link := result.Commands[len(result.Commands)-1]
				if steps := dryRun(t, env, link); strings.Contains(steps, "wasm-opt") || !strings.Contains(steps, "--stack-first") {
					t.Errorf("flags %q: linking runs\n%s", flags, steps)
				}
				if out, _ := node(t, module); out != "sum 15\n" {
					t.Errorf("flags %q: ran: %q", flags, out)
				}
				verifyDWARF(t, module)
			}
		})
	}
}

// dryRun returns what clang would run. It fails where an object is gone by now,
// after it has said what.
func dryRun(t *testing.T, env, command []string) string {
	t.Helper()
	cmd := exec.Command(command[0], append(command[1:], "-###")...)
	cmd.Env = env
	out, err := cmd.CombinedOutput()
	if !strings.Contains(string(out), "wasm-ld") {
		t.Fatalf("%q: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}
