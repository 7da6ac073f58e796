package symbol

import (
	"bufio"
	"io"
	"strconv"

	"github.com/faaslens/faaslens/guest"
)

// Symbolize writes where the offsets are in the form of llvm-symbolizer: for each
// location the function and FILE:LINE:COLUMN, a line each, and an empty line behind
// the last location of an offset. What is not known is "??" or 0.
//
// Names are as LLVM demangles them, which knows nothing of Rust's older names.
func (t *Table) Symbolize(w io.Writer, offsets ...guest.CodeOffset) error {
	b := bufio.NewWriter(w)
	demangled := make(map[string]string)
	for _, offset := range offsets {
		for _, l := range t.At(offset) {
			writeLLVM(b, l, demangled)
		}
		b.WriteByte('\n')
	}
	return b.Flush()
}

func writeLLVM(b *bufio.Writer, l Location, demangled map[string]string) {
	name := l.Function
	if l.Linkage != "" {
		var ok bool
		if name, ok = demangled[l.Linkage]; !ok {
			name = llvmName(l.Linkage)
			demangled[l.Linkage] = name
		}
	}
	if !l.named || name == "" {
		name = "??"
	}
	file := l.File
	if file == "" {
		file = "??"
	}
	b.WriteString(name)
	b.WriteByte('\n')
	b.WriteString(file)
	b.WriteByte(':')
	b.WriteString(strconv.Itoa(l.Line))
	b.WriteByte(':')
	b.WriteString(strconv.Itoa(l.Column))
	b.WriteByte('\n')
}
