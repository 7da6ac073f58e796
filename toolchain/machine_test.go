package toolchain_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/faaslens/faaslens/toolchain"
)

// machine is a made-up machine: a root directory, and a directory of scripts that
// answer as compilers do.
type machine struct {
	t         *testing.T
	root, bin string
	env       []string
}

func newMachine(t *testing.T) *machine {
	dir := t.TempDir()
	m := &machine{t: t, root: filepath.Join(dir, "root"), bin: filepath.Join(dir, "bin")}
	m.mkdir(m.root)
	m.mkdir(m.bin)
	return m
}

func (m *machine) host() toolchain.Host {
	// The scripts need a shell's own commands, none of which is a compiler.
	return toolchain.Host{Root: m.root, Env: append([]string{"PATH=" + m.bin, "TMPDIR=" + m.t.TempDir()}, m.env...)}
}

func (m *machine) mkdir(path string) {
	m.t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// file writes a file under the root.
func (m *machine) file(path, text string) string {
	m.t.Helper()
	path = filepath.Join(m.root, path)
	m.mkdir(filepath.Dir(path))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
	return path
}

// script writes an executable.
func (m *machine) script(path, body string) {
	m.t.Helper()
	m.mkdir(filepath.Dir(path))
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		m.t.Fatal(err)
	}
}

// clang adds a clang. What it does when it compiles is given in shell.
func (m *machine) clang(name string, major int, compile string) {
	m.script(filepath.Join(m.bin, name), fmt.Sprintf(`case "$*" in
--version) echo "Debian clang version %[1]d.0.6"; echo "Target: x86_64-pc-linux-gnu" ;;
--print-targets) echo "  Registered Targets:"; echo "    wasm32     - WebAssembly 32-bit" ;;
*-print-libgcc-file-name) echo %[2]s/rt-%[1]d/libclang_rt.builtins-wasm32.a ;;
-print-resource-dir) echo %[2]s/rt-%[1]d ;;
*) %[3]s ;;
esac
`, major, m.root, compile))
}

func (m *machine) builtins(major int) {
	m.file(fmt.Sprintf("rt-%d/libclang_rt.builtins-wasm32.a", major), "")
}

func (m *machine) lld(name string, major int) {
	m.script(filepath.Join(m.bin, name), fmt.Sprintf("echo 'Debian LLD %d.0.6'\n", major))
}

func (m *machine) libc() {
	m.file("usr/include/wasm32-wasi/stdio.h", "")
	m.file("usr/lib/wasm32-wasi/libc.a", "")
}

func (m *machine) libcxx(version int) {
	m.file("usr/include/wasm32-wasi/c++/v1/__config", fmt.Sprintf("#  define _LIBCPP_VERSION %d\n", version))
	m.file("usr/lib/wasm32-wasi/libc++.a", "")
	m.file("usr/lib/wasm32-wasi/libc++abi.a", "")
}
