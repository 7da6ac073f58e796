package cli

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/worker"
)

// stackFrame is one call of a guest's stack as --json prints it.
type stackFrame struct {
	Function uint32 `json:"function"` // index
	Name     string `json:"name"`
	Linkage  string `json:"linkage,omitempty"`
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	// Inlined means that it has no frame of its own, but is a part of the next.
	Inlined bool `json:"inlined,omitempty"`
	// Language is of a call in a program that the guest interprets.
	Language   string `json:"language,omitempty"`
	Offset     uint64 `json:"offset"`      // in the module's file, in bytes
	CodeOffset uint64 `json:"code_offset"` // in its code section, in bytes
	Note       string `json:"note,omitempty"`
}

func jsonFrames(frames []worker.Frame, sources sourceMap) []stackFrame {
	var all []stackFrame
	for _, f := range frames {
		all = append(all, stackFrame{
			Function: uint32(f.Func), Name: f.Function, Linkage: f.Linkage,
			File: sources.path(f.File), Line: f.Line, Column: f.Column, Inlined: f.Inlined, Language: f.Language,
			Offset: uint64(f.Offset), CodeOffset: uint64(f.Code), Note: f.Note,
		})
	}
	return all
}

// plainFrames is jsonFrames undone, for stacks that come from another process.
func plainFrames(frames []stackFrame) []worker.Frame {
	var all []worker.Frame
	for _, f := range frames {
		all = append(all, worker.Frame{
			Func: guest.FuncIndex(f.Function), Offset: guest.FileOffset(f.Offset), Code: guest.CodeOffset(f.CodeOffset), Language: f.Language,
			Location: symbol.Location{
				Function: f.Name, Linkage: f.Linkage, File: f.File, Line: f.Line, Column: f.Column, Inlined: f.Inlined, Note: f.Note,
			},
		})
	}
	return all
}

// How many lines of a stack are shown at its inner and at its outer end.
const (
	innerLines = 40
	outerLines = 10
)

// stackWriter writes stacks for people.
type stackWriter struct {
	w       io.Writer
	sources sourceMap
	// excerpt is shown below the call that it belongs to; nil for none.
	excerpt *excerpt
	width   int // of "#" and a call's number
}

// write writes a stack, innermost call first, with repetitions folded and the
// middle of a long rest left out.
func (s *stackWriter) write(frames []worker.Frame) {
	lines, startUp := cutStartUp(worker.Fold(frames))
	s.width = len(fmt.Sprintf("#%d", len(frames)-1))
	if len(lines) <= innerLines+outerLines {
		s.lines(lines)
	} else {
		outer := lines[len(lines)-outerLines:]
		s.lines(lines[:innerLines])
		s.note(fmt.Sprintf("%d more", outer[0].At-lines[innerLines].At))
		s.lines(outer)
	}
	if startUp > 0 {
		s.note(startUpWords(startUp))
	}
	if why := whyNoLines(frames); why != "" {
		fmt.Fprintf(s.w, "  no source lines: %s\n", printable(adviseOnLines(why)))
	}
}

// startUpFunctions are those by which the C library or Go's runtime calls a program's
// main function.
var startUpFunctions = []string{
	"__main_void", "__original_main", "_start", "_start.command_export", "wasm_pc_f_loop", "_rt0_wasm_wasip1",
}

// startFile is the source of the start code that builds link where there is none, which is
// nothing to who reads a stack.
const startFile = "start.c"

// cutStartUp parts the calls that come before a program's main function from the end of a
// stack, if they are not all of it, and several or our own start file's.
func cutStartUp(lines []worker.StackLine) (rest []worker.StackLine, startUp int) {
	n := len(lines)
	for n > 0 && lines[n-1].Period == 0 && slices.Contains(startUpFunctions, lines[n-1].Frame.Function) {
		n--
	}
	startUp = len(lines) - n
	if n == 0 || startUp == 1 && path.Base(lines[n].Frame.File) != startFile || startUp == 0 {
		return lines, 0
	}
	return lines[:n], startUp
}

func startUpWords(n int) string {
	if n == 1 {
		return "1 start-up frame"
	}
	return fmt.Sprintf("%d start-up frames", n)
}

func (s *stackWriter) lines(lines []worker.StackLine) {
	for _, l := range lines {
		if l.Period > 0 {
			s.note(printable(l.Note()))
		} else {
			fmt.Fprintf(s.w, "    %-*s %s\n", s.width, fmt.Sprintf("#%d", l.At), callText(&l.Frame, s.sources))
			if s.excerpt != nil && s.excerpt.at == l.At {
				s.excerpt.write(s.w)
			}
		}
	}
}

// note writes a line that stands for several calls.
func (s *stackWriter) note(text string) {
	fmt.Fprintf(s.w, "    %-*s %s\n", s.width, "…", text)
}

// callText says in a line which function a call is of and where it is: in the source
// or, if that is not known, in the code section.
func callText(f *worker.Frame, sources sourceMap) string {
	var b strings.Builder
	b.WriteString(printable(f.Function))
	if f.File == "" {
		fmt.Fprintf(&b, " (+0x%x)", uint64(f.Code))
	} else {
		b.WriteString(" at " + printable(place(sources.path(f.File), f.Line, f.Column)))
	}
	if f.Inlined {
		b.WriteString(" (inlined)")
	}
	if f.Language != "" {
		b.WriteString(" (" + printable(f.Language) + ")")
	}
	if strings.HasPrefix(f.Note, "debug info unreadable") {
		fmt.Fprintf(&b, " (%s)", printable(f.Note))
	}
	return b.String()
}

// place is FILE:LINE:COL as far as it is known.
func place(file string, line, column int) string {
	if line > 0 {
		file += ":" + strconv.Itoa(line)
		if column > 0 {
			file += ":" + strconv.Itoa(column)
		}
	}
	return file
}

// whyNoLines says why no call of a stack has a line; "" if one has.
func whyNoLines(frames []worker.Frame) string {
	why := ""
	for _, f := range frames {
		if f.Line > 0 {
			return ""
		}
		if why == "" {
			why = f.Note
		}
	}
	return why
}

// adviseOnLines says why there are no lines and how to get them, if there is a way.
func adviseOnLines(why string) string {
	switch {
	case strings.HasPrefix(why, symbol.NoGoLines):
		return strings.TrimPrefix(symbol.NoGoLines, "no line numbers: ")
	case strings.Contains(why, "build with -g"):
		return why
	case strings.HasPrefix(why, "debug info unreadable: split debug file"):
		return why + "; put the file there that belongs to this build, or build it again, without -gsplit-dwarf"
	case strings.HasPrefix(why, "debug info unreadable"):
		return why + "; build it again, and leave out tools that change modules afterwards, such as wasm-opt"
	}
	return why + "; build it again, without --strip or with -g"
}

// printableLines is printable for a text of lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = printable(l)
	}
	return strings.Join(lines, "\n")
}

// printable makes words that come from a module harmless for a terminal.
func printable(s string) string { return guest.Printable(s) }
