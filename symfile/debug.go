package symfile

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
)

// addDebug copies an image's debug information with its relocations done.
func (f *file) addDebug(in *elf.File, image []byte) error {
	debug := make(map[string][]byte)
	for _, s := range in.Sections {
		if !strings.HasPrefix(s.Name, ".debug_") || s.Name == ".debug_frame" {
			continue // .eh_frame has more
		}
		b, err := section(in, image, s.Name)
		if err != nil {
			return err
		}
		debug[s.Name] = bytes.Clone(b)
		if err := f.relocate(in, image, s.Name, debug[s.Name]); err != nil {
			return err
		}
	}
	if err := f.rewriteEntries(in, image, debug); err != nil {
		return err
	}
	replace(debug[".debug_str"], theirPointerFunction, pointerFunction+"\x00")
	replace(debug[".debug_str"], "\x00__main_argc_argv\x00", "main\x00")
	nameUnnamed(debug[".debug_str"])
	dropHashes(debug[".debug_str"])
	for _, s := range in.Sections {
		if b, ok := debug[s.Name]; ok {
			f.add(outSection{name: s.Name, data: b, kind: elf.SHT_PROGBITS, align: 1})
		}
	}
	return nil
}

// rewriteEntries rewrites the entries and their lists of locations.
func (f *file) rewriteEntries(in *elf.File, image []byte, debug map[string][]byte) error {
	text, err := section(in, image, ".text")
	if err != nil {
		return err
	}
	traps, err := section(in, image, ".wasmtime.traps")
	if err != nil {
		return err
	}
	args, err := f.argumentsOf(in, image, text)
	if err != nil {
		return err
	}
	translate := translator{f.memory}.translate
	lists, moved := locations(debug[".debug_loc"], trapJumps(in.Machine, text, traps, f.text), args, translate)
	old := sections{debug[".debug_info"], debug[".debug_abbrev"], debug[".debug_str"]}
	if info, abbrevs := rewriteInfo(old, moved, translate); info != nil {
		debug[".debug_info"], debug[".debug_abbrev"] = info, abbrevs
		if lists != nil {
			debug[".debug_loc"] = lists
		}
	}
	return nil
}

// relocate does a section's relocations: those of addresses get the code's, those of
// places in other sections of debug information stay offsets.
func (f *file) relocate(in *elf.File, image []byte, name string, data []byte) error {
	if in.Section(".rela"+name) == nil {
		return nil
	}
	rels, err := section(in, image, ".rela"+name)
	if err != nil {
		return err
	}
	symbols, err := section(in, image, ".symtab")
	if err != nil {
		return err
	}
	text := uint16(0)
	for i, s := range in.Sections {
		if s.Name == ".text" {
			text = uint16(i)
		}
	}
	const relaSize = 24
	le := binary.LittleEndian
	for ; len(rels) >= relaSize; rels = rels[relaSize:] {
		at, info, value := le.Uint64(rels), le.Uint64(rels[8:]), le.Uint64(rels[16:])
		symbol := info >> 32 * elf.Sym64Size
		if symbol+elf.Sym64Size > uint64(len(symbols)) {
			return fmt.Errorf("read the compiled image: a relocation of %s has no symbol", name)
		}
		s := symbols[symbol:]
		value += le.Uint64(s[8:])
		if le.Uint16(s[6:]) == text {
			value += f.text
		}
		size := relocationSize(in.Machine, uint32(info))
		if size == 0 || at > uint64(len(data)) || uint64(size) > uint64(len(data))-at {
			return fmt.Errorf("read the compiled image: a relocation of %s, kind %d at %d, is not known or does not fit", name, uint32(info), at)
		}
		if size == 4 {
			le.PutUint32(data[at:], uint32(value))
		} else {
			le.PutUint64(data[at:], value)
		}
	}
	return nil
}

// relocationSize is how many bytes an absolute relocation fills; 0 for others.
func relocationSize(m elf.Machine, kind uint32) int {
	switch {
	case m == elf.EM_X86_64 && elf.R_X86_64(kind) == elf.R_X86_64_64, m == elf.EM_AARCH64 && elf.R_AARCH64(kind) == elf.R_AARCH64_ABS64:
		return 8
	case m == elf.EM_X86_64 && elf.R_X86_64(kind) == elf.R_X86_64_32, m == elf.EM_AARCH64 && elf.R_AARCH64(kind) == elf.R_AARCH64_ABS32:
		return 4
	}
	return 0
}

// pointerFunction is what debuggers call to follow a guest's pointer: a function of the
// engine's binding, in place of Wasmtime's, which wants to be prepared first.
const (
	pointerFunction      = "faaslens_guest_pointer"
	theirPointerFunction = "\x00wasmtime_resolve_vmctx_memory_ptr_"
)

// unnamed is what stands for a type without a name in the names of pointers that the
// engine makes. Theirs is no C++, so that gdb showed functions with such a pointer with all
// their parameters' types.
const (
	unnamed      = "__"
	theirUnnamed = "??"
)

func nameUnnamed(strings []byte) {
	for at := 0; ; {
		i := bytes.Index(strings[at:], []byte("\x00"+theirPointers))
		if i < 0 {
			return
		}
		at += i + 1
		end := bytes.IndexByte(strings[at:], 0)
		if end < 0 {
			return
		}
		name := strings[at : at+end]
		copy(name, bytes.ReplaceAll(name, []byte(theirUnnamed), []byte(unnamed)))
	}
}

// replace writes a shorter string over each that begins with old, which starts with the
// end of the string before.
func replace(strings []byte, old, short string) {
	for at := 0; ; {
		i := bytes.Index(strings[at:], []byte(old))
		if i < 0 {
			return
		}
		at += i + 1
		copy(strings[at:], short)
	}
}

// dropHashes takes the hash off Rust's names for the linker, which C++ knows as one more
// scope: "_ZN4main3run17h0123456789abcdefE".
func dropHashes(strings []byte) {
	const before, digits, after = "17h", 16, "E\x00"
	for at := 0; ; at++ {
		i := bytes.Index(strings[at:], []byte(before))
		if i < 0 || len(strings)-at-i < len(before)+digits+len(after) {
			return
		}
		at += i
		hash := strings[at+len(before):][:digits]
		if isHex(hash) && string(strings[at+len(before)+digits:][:len(after)]) == after {
			copy(strings[at:], after)
		}
	}
}

func isHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
