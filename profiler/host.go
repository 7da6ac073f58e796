package profiler

import (
	"cmp"
	"debug/elf"
	"encoding/hex"
	"path/filepath"
	"slices"
	"sort"

	"github.com/google/pprof/profile"
	"github.com/ianlancetaylor/demangle"
)

// hostSymbols names C code of this process by the symbol tables of the files that it
// is mapped from. A file is read when it is first needed.
type hostSymbols struct {
	files map[string]*symbolFile
	debug string // where debug files are; empty for the system's directory
}

// symbolFile is what one file says. It is empty for a file that cannot be read.
type symbolFile struct {
	loads   []elf.ProgHeader
	symbols []elf.Symbol // functions by address
}

// name names an address; "" if its file does not.
func (h *hostSymbols) name(m *profile.Mapping, address uint64) string {
	if m == nil || m.File == "" {
		return ""
	}
	if m.File == "[vdso]" {
		return m.File
	}
	f, ok := h.files[m.File]
	if !ok {
		f = readSymbolFile(m.File, cmp.Or(h.debug, debugFiles))
		if h.files == nil {
			h.files = make(map[string]*symbolFile)
		}
		h.files[m.File] = f
	}
	return f.name(address - m.Start + m.Offset)
}

func readSymbolFile(path, debug string) *symbolFile {
	f, err := elf.Open(path)
	if err != nil {
		return &symbolFile{} // something that is mapped and is no program: nothing to name
	}
	defer f.Close()
	s := &symbolFile{}
	for _, p := range f.Progs {
		if p.Type == elf.PT_LOAD {
			s.loads = append(s.loads, p.ProgHeader)
		}
	}
	// Either table may be missing: libraries are stripped, static programs have no
	// dynamic symbols.
	static, err := f.Symbols()
	if err != nil {
		static = separateSymbols(f, debug)
	}
	dynamic, _ := f.DynamicSymbols()
	for _, sym := range append(static, dynamic...) {
		if t := elf.ST_TYPE(sym.Info); sym.Value != 0 && (t == elf.STT_FUNC || t == elf.STT_GNU_IFUNC) {
			s.symbols = append(s.symbols, sym)
		}
	}
	slices.SortStableFunc(s.symbols, func(a, b elf.Symbol) int { return cmp.Compare(a.Value, b.Value) })
	return s
}

// debugFiles is where distributions put the debug files of what they strip, by build id.
const debugFiles = "/usr/lib/debug/.build-id"

// separateSymbols are those of a library that was stripped, if its debug file is there.
func separateSymbols(f *elf.File, root string) []elf.Symbol {
	note := f.Section(".note.gnu.build-id")
	if note == nil {
		return nil
	}
	const header = 16 // of the note, with its name "GNU"
	b, err := note.Data()
	if err != nil || len(b) < header+2 {
		return nil
	}
	id := hex.EncodeToString(b[header:])
	debug, err := elf.Open(filepath.Join(root, id[:2], id[2:]+".debug"))
	if err != nil {
		return nil
	}
	defer debug.Close()
	symbols, _ := debug.Symbols()
	return symbols
}

// name names what is at an offset of the file.
func (s *symbolFile) name(offset uint64) string {
	for _, p := range s.loads {
		if offset < p.Off || offset-p.Off >= p.Filesz {
			continue
		}
		address := p.Vaddr + offset - p.Off
		i := sort.Search(len(s.symbols), func(i int) bool { return s.symbols[i].Value > address }) - 1
		if i < 0 {
			return ""
		}
		sym := s.symbols[i]
		// Hand-written assembly may have no size.
		if sym.Size != 0 && address-sym.Value >= sym.Size {
			return ""
		}
		return sym.Name
	}
	return ""
}

// demangled is a linker's name for people.
func demangled(name string) string { return demangle.Filter(name, demangle.NoParams) }
