package toolchain

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
)

// Sysroot is a C library for WebAssembly, and perhaps a C++ library with it.
type Sysroot struct {
	// Include and Lib are the directories of headers and libraries.
	Include, Lib string
	// Root is what clang wants as --sysroot; empty for Debian's layout, whose
	// clang knows it, and where --sysroot=/ would let the machine's own headers in.
	Root string
	// Target is the triple to compile for.
	Target string
	// CXX is the version of libc++, from its own headers; zero without it.
	CXX Version
	// cxxInclude is the directory of the C++ headers.
	cxxInclude string
}

// sysrootTargets are the triples that WASI preview 1 has had, as WASI SDKs name
// their directories, the newer first.
var sysrootTargets = [...]string{"wasm32-wasip1", "wasm32-wasi"}

// debianSysroot is the one that the packages wasi-libc and libc++-N-dev-wasm32
// share: /usr/include/wasm32-wasi and /usr/lib/wasm32-wasi.
func debianSysroot(h Host) (Sysroot, bool) {
	s := Sysroot{
		Include: h.fixed("/usr/include/wasm32-wasi"),
		Lib:     h.fixed("/usr/lib/wasm32-wasi"),
	}
	s.findCXX(filepath.Join(s.Include, "c++/v1"))
	return s, s.complete()
}

// sdkSysroot is the one in a WASI SDK, and in the packages of distributions that
// use its layout: ROOT/include and ROOT/lib, with a directory for each target or
// without.
func sdkSysroot(root string) (Sysroot, bool) {
	for _, target := range sysrootTargets {
		s := Sysroot{Root: root, Target: target, Lib: filepath.Join(root, "lib", target)}
		for _, include := range []string{filepath.Join(root, "include", target), filepath.Join(root, "include")} {
			s.Include = include
			if !s.complete() {
				continue
			}
			s.findCXX(filepath.Join(root, "include", target, "c++/v1"))
			if s.cxxInclude == "" {
				s.findCXX(filepath.Join(root, "include/c++/v1"))
			}
			return s, true
		}
	}
	return Sysroot{}, false
}

// complete reports whether headers and library are both there.
func (s Sysroot) complete() bool {
	return isFile(filepath.Join(s.Include, "stdio.h")) && isFile(filepath.Join(s.Lib, "libc.a"))
}

var libcxxVersion = regexp.MustCompile(`(?m)^#\s*define\s+_LIBCPP_VERSION\s+(\d{4,9})`)

// findCXX reads libc++'s version out of its header __config, where 190107 means
// 19.1.7 and, before version 16, 14006 means 14.0.06.
func (s *Sysroot) findCXX(include string) {
	config, err := os.ReadFile(filepath.Join(include, "__config"))
	if err != nil || !isFile(filepath.Join(s.Lib, "libc++.a")) || !isFile(filepath.Join(s.Lib, "libc++abi.a")) {
		return
	}
	m := libcxxVersion.FindSubmatch(config)
	if m == nil {
		return
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		return
	}
	s.cxxInclude = include
	if n < 100000 {
		s.CXX = Version{n / 1000, n / 100 % 10, n % 100}
		return
	}
	s.CXX = Version{n / 10000, n / 100 % 100, n % 100}
}

// mainSymbol is the function that the C library wants called to run main: older
// ones have __original_main in between, newer ones only __main_void.
func (s Sysroot) mainSymbol() string {
	crt, err := os.ReadFile(filepath.Join(s.Lib, "crt1-command.o"))
	if err == nil && bytes.Contains(crt, []byte("__original_main")) {
		return "__original_main"
	}
	return "__main_void"
}
