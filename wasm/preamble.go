package wasm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"github.com/faaslens/faaslens/guest"
)

const preambleSize = 8 // magic and version

// checkPreamble accepts the magic and version of a core module (section 5.5.16)
// and otherwise says what the bytes are and what to do with them.
func checkPreamble(b []byte) error {
	if len(b) == 0 {
		return &guest.InvalidModule{Offset: -1, Reason: "the file is empty: build or copy it again"}
	}
	if !bytes.HasPrefix(b, []byte("\x00asm")) {
		return &guest.InvalidModule{Offset: 0, Reason: foreignReason(b)}
	}
	if len(b) < preambleSize {
		return &guest.InvalidModule{Offset: int64(len(b)), Reason: fmt.Sprintf("the file ends after %d bytes, before the version: copy it again", len(b))}
	}
	version, layer := binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:])
	switch {
	case version == 1 && layer == 0:
		return nil
	case layer == 1:
		return &guest.InvalidModule{Offset: 4, Reason: "this is a component, not a core module: build for WASI preview 1 (wasm32-wasi, wasm32-wasip1), " +
			"or take the core module out with 'wasm-tools component unbundle'"}
	}
	return &guest.InvalidModule{Offset: 4, Reason: fmt.Sprintf("version 0x%x is not supported, only version 1: rebuild it with a current compiler",
		binary.LittleEndian.Uint32(b[4:]))}
}

// foreign maps the beginnings of files that people mistake for modules to what
// they are and what to do.
var foreign = []struct{ magic, reason string }{
	{"\x7fELF", "this is an ELF file, a native program: compile for WebAssembly instead (clang --target=wasm32-wasi)"},
	{"\x1f\x8b", "this is a gzip file: unpack it with 'gzip -d' first"},
	{"\x28\xb5\x2f\xfd", "this is a zstd file: unpack it with 'zstd -d' first"},
	{"\xfd7zXZ\x00", "this is an xz file: unpack it with 'xz -d' first"},
	{"BZh", "this is a bzip2 file: unpack it with 'bzip2 -d' first"},
	{"PK\x03\x04", "this is a zip archive: unpack it and take the .wasm file in it"},
	{"!<arch>\n", "this is a static library (.a): link it into a module first"},
	{"BC\xc0\xde", "this is LLVM bitcode: compile without -emit-llvm and without -flto, and link it"},
	{"MZ", "this is a Windows program: compile for WebAssembly instead"},
	{"\xcf\xfa\xed\xfe", "this is a Mach-O file, a native program: compile for WebAssembly instead"},
	{"\xca\xfe\xba\xbe", "this is a Java class or a Mach-O file: compile for WebAssembly instead"},
	{"#!", "this is a script: compile a program for WebAssembly instead"},
	{"<!DOCTYPE", "this is an HTML page, perhaps an error page of a download: download it again"},
	{"<html", "this is an HTML page, perhaps an error page of a download: download it again"},
	{"version https://git-lfs", "this is a Git LFS pointer, not the file itself: run 'git lfs pull'"},
}

func foreignReason(b []byte) string {
	for _, f := range foreign {
		if bytes.HasPrefix(b, []byte(f.magic)) {
			return f.reason
		}
	}
	if bytes.HasPrefix([]byte("\x00asm"), b) {
		return fmt.Sprintf("the file ends after %d bytes, within the magic number: copy it again", len(b))
	}
	head := b[:min(len(b), 4096)]
	text := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if bytes.HasPrefix(text, []byte("(")) || bytes.HasPrefix(text, []byte(";;")) {
		return "this is WebAssembly text (.wat): turn it into a module with 'wat2wasm FILE.wat -o FILE.wasm'"
	}
	if isText(head) {
		return "this is a text file: a module starts with the bytes 00 61 73 6d"
	}
	return fmt.Sprintf("starts with the bytes % x; a module starts with 00 61 73 6d", b[:min(len(b), 4)])
}

// isText reports whether head looks like text; a character cut at its end is
// forgiven.
func isText(head []byte) bool {
	for len(head) > 0 {
		c, n := utf8.DecodeRune(head)
		if c == utf8.RuneError && n == 1 && len(head) >= utf8.UTFMax || c < 0x20 && c != '\n' && c != '\r' && c != '\t' && c != '\f' {
			return false
		}
		head = head[n:]
	}
	return true
}
