package toolchain_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/toolchain"
	"github.com/google/go-cmp/cmp"
)

func TestFindSaysWhatToInstall(t *testing.T) {
	complete := func(m *machine, major int) {
		n := fmt.Sprint(major)
		m.clang("clang-"+n, major, "exit 1")
		m.lld("wasm-ld-"+n, major)
		m.builtins(major)
		m.libc()
	}
	for name, c := range map[string]struct {
		make func(*machine)
		lang toolchain.Lang
		want string // the install command; empty if nothing is missing
		why  string // part of the reason
	}{
		"an empty machine needs everything for C": {
			func(m *machine) {}, toolchain.C,
			"apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32", "no clang of version 14 or newer"},
		"an empty machine needs the C++ library too for C++": {
			func(m *machine) {}, toolchain.CXX,
			"apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 libc++-19-dev-wasm32 libc++abi-19-dev-wasm32", "no clang"},
		"a bare clang 14 needs what belongs to clang 14": {
			func(m *machine) { m.clang("clang-14", 14, "exit 1") }, toolchain.C,
			"apt-get install lld-14 libclang-rt-14-dev-wasm32 wasi-libc", "needs it to make a module"},
		"a clang without a C library needs wasi-libc": {
			func(m *machine) { m.clang("clang-19", 19, ""); m.lld("wasm-ld-19", 19); m.builtins(19) }, toolchain.C,
			"apt-get install wasi-libc", "no headers and libc.a"},
		"a clang without compiler-rt needs its own release of it": {
			func(m *machine) { m.clang("clang", 16, ""); m.lld("wasm-ld", 16); m.libc() }, toolchain.C,
			"apt-get install libclang-rt-16-dev-wasm32", "clang 16 calls its functions"},
		"a linker older than the clang does not do": {
			func(m *machine) { complete(m, 19); m.lld("wasm-ld-19", 14); m.lld("wasm-ld", 14) }, toolchain.C,
			"apt-get install lld-19", "too old for clang 19"},
		"a complete clang builds C": {
			func(m *machine) { complete(m, 14) }, toolchain.C, "", ""},
		"a complete clang without libc++ does not build C++": {
			func(m *machine) { complete(m, 14) }, toolchain.CXX,
			"apt-get install libc++-14-dev-wasm32 libc++abi-14-dev-wasm32", "need libc++"},
		"a libc++ of the clang's release builds C++": {
			func(m *machine) { complete(m, 14); m.libcxx(14006) }, toolchain.CXX, "", ""},
		"a libc++ much newer than the clang does not do": {
			func(m *machine) { complete(m, 14); m.libcxx(190107) }, toolchain.CXX,
			"apt-get install clang-19 lld-19 libclang-rt-19-dev-wasm32",
			"libc++ 19.1.7 needs clang 17 or newer"},
		"a clang before 14 does not count": {
			func(m *machine) { complete(m, 13); m.clang("clang", 13, "") }, toolchain.C,
			"apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32", "version 14 or newer"},
		"a clang that does not run does not count": {
			func(m *machine) { m.script(filepath.Join(m.bin, "clang"), "exit 127\n") }, toolchain.C,
			"apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32", "no clang"},
		"no Go": {
			func(m *machine) {}, toolchain.Go, "a release from https://go.dev/dl/", "Go 1.21 or newer"},
		"a Go before 1.21 does not do": {
			func(m *machine) { m.script(filepath.Join(m.bin, "go"), "echo go version go1.19.8 linux/amd64\n") }, toolchain.Go,
			"a release from https://go.dev/dl/", "is 1.19"},
		"no Rust": {
			func(m *machine) {}, toolchain.Rust, "apt-get install rustc cargo libstd-rust-dev-wasm32 lld-14", "rustc with the standard library"},
		"a rustc of rustup without the target": {
			func(m *machine) {
				m.script(filepath.Join(m.bin, "rustup"), "")
				m.script(filepath.Join(m.bin, "rustc"), "case $1 in --version) echo rustc 1.95.0 ;; *) echo /nowhere ;; esac\n")
			}, toolchain.Rust,
			"rustup target add wasm32-wasip1", "has none"},
		"a rustc without its linker": {
			func(m *machine) {
				m.file("std/libstd-1.rlib", "")
				m.script(filepath.Join(m.root, "usr/bin/rustc"), "case \"$*\" in --version) echo rustc 1.63.0 ;; *wasm32-wasi) echo "+m.root+"/std ;; *) exit 1 ;; esac\n")
			}, toolchain.Rust,
			"apt-get install lld-14", "rust-lld"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			c.make(m)
			set := toolchain.Find(t.Context(), m.host())
			missing := set.Missing(c.lang)
			if missing == nil {
				if c.want != "" {
					t.Fatalf("nothing is missing; want %q", c.want)
				}
				return
			}
			if c.want == "" {
				t.Fatal(missing)
			}
			if !strings.HasPrefix(missing.Install, c.want) || !strings.Contains(missing.Why, c.why) {
				t.Errorf("install %q\nwhy %q\nwant %q\nand %q", missing.Install, missing.Why, c.want, c.why)
			}
			_, err := set.Build(t.Context(), toolchain.Request{Sources: []string{sourceOf(t, c.lang)}, Output: "never.wasm"})
			if diff := cmp.Diff(error(missing), err); diff != "" {
				t.Errorf("a build does not fail with it: %s", diff)
			}
		})
	}
}

func sourceOf(t *testing.T, l toolchain.Lang) string {
	return write(t, map[toolchain.Lang]string{toolchain.C: "a.c", toolchain.CXX: "a.cc", toolchain.Go: "a.go", toolchain.Rust: "a.rs"}[l], "")
}

func TestFindPrefersTheNewestThatIsComplete(t *testing.T) {
	m := newMachine(t)
	for _, major := range []int{14, 16, 22} {
		n := fmt.Sprint(major)
		m.clang("clang-"+n, major, "")
		m.lld("wasm-ld-"+n, major)
	}
	m.clang("clang", 16, "")
	m.builtins(14)
	m.builtins(16)
	m.libc()
	m.libcxx(140006)

	set := toolchain.Find(t.Context(), m.host(), toolchain.C, toolchain.CXX)
	var order []int
	for _, c := range set.Clangs {
		order = append(order, c.Version.Major)
	}
	if diff := cmp.Diff([]int{22, 16, 16, 14}, order); diff != "" {
		t.Error(diff)
	}
	for _, check := range set.Checks() {
		if check.Missing != nil || !strings.Contains(check.Using, "/clang-16 (16.0.6)") {
			t.Errorf("%s uses %s: %v", check.Lang, check.Using, check.Missing)
		}
		if !strings.Contains(check.Note, "clang 19 or newer") {
			t.Errorf("the note on an old clang is %q", check.Note)
		}
	}
}

func TestFindWASISDK(t *testing.T) {
	m := newMachine(t)
	m.clang("clang-22", 22, "")
	m.bin = filepath.Join(m.root, "opt/wasi-sdk/bin")
	m.clang("clang", 20, "")
	m.lld("wasm-ld", 20)
	m.builtins(20)
	for _, f := range []string{"include/wasm32-wasip1/stdio.h", "lib/wasm32-wasip1/libc.a", "lib/wasm32-wasip1/libc++.a", "lib/wasm32-wasip1/libc++abi.a"} {
		m.file("opt/wasi-sdk/share/wasi-sysroot/"+f, "")
	}
	m.file("opt/wasi-sdk/share/wasi-sysroot/include/wasm32-wasip1/c++/v1/__config", "#define _LIBCPP_VERSION 200100\n")
	m.bin = filepath.Join(filepath.Dir(m.root), "bin")

	for name, env := range map[string][]string{
		"in its usual place":           nil,
		"where WASI_SDK_PATH names it": {"WASI_SDK_PATH=" + filepath.Join(m.root, "opt/wasi-sdk")},
	} {
		t.Run(name, func(t *testing.T) {
			m.env = env
			set := toolchain.Find(t.Context(), m.host(), toolchain.CXX)
			checks := set.Checks()
			using := checks[len(checks)-1].Using
			if missing := set.Missing(toolchain.CXX); missing != nil || !strings.Contains(using, "wasi-sdk/bin/clang (20.0.6)") || !strings.Contains(using, "libc++ 20.1.0") {
				t.Errorf("uses %q, missing %v", using, missing)
			}
			if first := set.Clangs[0].Version.Major; (first == 20) != (env != nil) {
				t.Errorf("the first clang is %d", first)
			}
		})
	}
}

func TestFindRustNamesANewerOneWithoutTheLibrary(t *testing.T) {
	m := newMachine(t)
	m.file("std/libstd-1.rlib", "")
	m.script(filepath.Join(m.bin, "rustc"), "case $1 in --version) echo rustc 1.95.0 ;; *) echo /nowhere ;; esac\n")
	m.script(filepath.Join(m.bin, "rust-lld"), "echo LLD 14.0.6\n")
	m.script(filepath.Join(m.bin, "cargo"), "echo cargo 1.95.0\n")
	m.script(filepath.Join(m.root, "usr/bin/rustc"), "case \"$*\" in --version) echo rustc 1.63.0 ;; *wasm32-wasi) echo "+m.root+"/std ;; *) exit 1 ;; esac\n")
	set := toolchain.Find(t.Context(), m.host(), toolchain.Rust)
	if set.Rust == nil || set.Rust.Version.Minor != 63 || set.Rust.Target != "wasm32-wasi" {
		t.Fatalf("%+v, %v", set.Rust, set.Missing(toolchain.Rust))
	}
	if set.Rust.Cargo != "" || set.Rust.MissingCargo.Install != "apt-get install cargo" || !strings.Contains(set.Rust.MissingCargo.Why, "1.95.0, too new") {
		t.Errorf("cargo %q, missing %v", set.Rust.Cargo, set.Rust.MissingCargo)
	}
	if note := set.Checks()[0].Note; !strings.Contains(note, "bin/rustc (1.95.0) is newer and lacks the library: rustup target add") {
		t.Errorf("note %q", note)
	}

	crate := filepath.Join(t.TempDir(), "crate")
	if err := os.CopyFS(crate, os.DirFS("testdata/crate")); err != nil {
		t.Fatal(err)
	}
	_, err := set.Build(t.Context(), toolchain.Request{Sources: []string{crate}, Output: "never.wasm"})
	if diff := cmp.Diff(error(set.Rust.MissingCargo), err); diff != "" {
		t.Error(diff)
	}
}

func TestFindOnThisMachine(t *testing.T) {
	set := toolchain.Find(t.Context(), host())
	checks := set.Checks()
	if len(checks) != 4 {
		t.Fatalf("%d checks", len(checks))
	}
	for _, c := range checks {
		if c.Missing != nil {
			t.Errorf("%s: %v", c.Lang, c.Missing)
		}
	}
}
