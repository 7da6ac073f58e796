package wasm_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/wasm/wasmtest"
)

// wantInvalid checks that an error is an InvalidModule at an offset whose reason
// has all the given parts.
func wantInvalid(t *testing.T, err error, offset int64, parts ...string) {
	t.Helper()
	var invalid *guest.InvalidModule
	if !errors.As(err, &invalid) {
		t.Fatalf("error %v, want an InvalidModule", err)
	}
	if invalid.Offset != offset {
		t.Errorf("offset 0x%x, want 0x%x (%s)", invalid.Offset, offset, invalid.Reason)
	}
	for _, p := range parts {
		if !strings.Contains(invalid.Reason, p) {
			t.Errorf("reason %q, want %q in it", invalid.Reason, p)
		}
	}
}

func TestFilesThatAreNoModulesAreCalledByTheirNames(t *testing.T) {
	tests := []struct {
		name   string
		b      string
		offset int64
		parts  []string
	}{
		{"an empty file", "", -1, []string{"empty"}},
		{"a native program", "\x7fELF\x02\x01\x01", 0, []string{"ELF", "--target=wasm32-wasi"}},
		{"a compressed file", "\x1f\x8b\x08\x00", 0, []string{"gzip", "gzip -d"}},
		{"a zip archive", "PK\x03\x04", 0, []string{"zip"}},
		{"a static library", "!<arch>\n", 0, []string{"static library", "link"}},
		{"LLVM bitcode", "BC\xc0\xde", 0, []string{"bitcode"}},
		{"a script", "#!/bin/sh\n", 0, []string{"script"}},
		{"an error page", "<html><body>404", 0, []string{"HTML"}},
		{"module text", "(module (func))", 0, []string{"wat2wasm"}},
		{"module text behind a comment", "  ;; hello\n(module)", 0, []string{"wat2wasm"}},
		{"other text", "hello, wörld\n", 0, []string{"text file"}},
		{"other bytes", "\x01\x02\x03\x04\x05", 0, []string{"01 02 03 04", "00 61 73 6d"}},
		{"a component", "\x00asm\x0d\x00\x01\x00", 4, []string{"component", "preview 1"}},
		{"a version of the future", "\x00asm\x02\x00\x00\x00", 4, []string{"version 0x2"}},
		{"a file cut within the magic", "\x00as", 0, []string{"ends after 3 bytes"}},
		{"a file cut within the version", "\x00asm\x01\x00", 6, []string{"ends after 6 bytes"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := wasm.Parse([]byte(tt.b))
			wantInvalid(t, err, tt.offset, tt.parts...)
		})
	}
}

func TestThisTestProgramIsRecognisedAsANativeOne(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	_, err = wasm.Parse(b)
	wantInvalid(t, err, 0, "ELF")
}

func TestAModuleOfNothingButThePreambleIsValid(t *testing.T) {
	m, err := wasm.Parse([]byte(wasmtest.Preamble))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Sections) != 0 || m.NumImportedFuncs() != 0 || m.HasDWARF() || m.HasNames() {
		t.Errorf("got %+v, want nothing", m)
	}
	if _, ok := m.CodeSection(); ok {
		t.Error("there is a code section")
	}
}
