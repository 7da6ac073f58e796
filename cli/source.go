package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/faaslens/faaslens/worker"
)

// sourceMap says where trees of sources are that were elsewhere when they were
// compiled.
type sourceMap []movedTree

type movedTree struct {
	from, to string
}

// parseSourceMap reads what --source-map gives: each FROM=TO.
func parseSourceMap(specs []string) (sourceMap, error) {
	var all sourceMap
	for _, spec := range specs {
		from, to, ok := strings.Cut(spec, "=")
		if !ok || from == "" || to == "" {
			return nil, misuse("--source-map %s: want FROM=TO, such as /build/app=./app", spec)
		}
		all = append(all, movedTree{filepath.Clean(from), filepath.Clean(to)})
	}
	return all, nil
}

// path is where a file that the compiler saw is now: by the longest tree that it is
// in, or else where it was.
func (m sourceMap) path(file string) string {
	best, to := "", ""
	for _, t := range m {
		rest, in := strings.CutPrefix(file, t.from)
		if in && (rest == "" || rest[0] == '/' || t.from == "/") && len(t.from) > len(best) {
			best, to = t.from, filepath.Join(t.to, rest)
		}
	}
	if best == "" {
		return file
	}
	return to
}

// Bounds of what is read for an excerpt.
const (
	contextLines  = 2 // before and after the line
	maxSourceSize = 16 << 20
	maxLineLength = 160
)

// sourceKinds are the ends of names of files that excerpts are shown of. A module says
// which file it is made of; it must not be able to have others shown.
func sourceKinds() []string {
	return []string{
		".c", ".h", ".cc", ".hh", ".cpp", ".hpp", ".cxx", ".hxx", ".c++", ".h++", ".C", ".H", ".inc", ".inl", ".ipp", ".tcc",
		".go", ".rs", ".zig", ".s", ".S", ".f90", ".swift", ".d", ".nim", ".ts", ".kt",
	}
}

// excerpt is some lines of a source file.
type excerpt struct {
	at    int // number of the call that it belongs to
	first int // number of the first line
	mark  int // number of the line that failed
	lines []string
	note  string
}

// findExcerpt reads the lines around the innermost call whose file is there. built is
// when the module was made. It is nil if there is none.
func findExcerpt(frames []worker.Frame, sources sourceMap, built time.Time) *excerpt {
	tried := make(map[string]bool)
	for i, f := range frames {
		file := sources.path(f.File)
		switch {
		case f.Line <= 0 || tried[file] || f.Function == startFunction:
			continue
		case file == f.File && !filepath.IsAbs(file):
			continue // relative to a directory that is not known
		}
		tried[file] = true
		if e := readExcerpt(file, f.Line, built); e != nil {
			e.at = i
			return e
		}
		if len(tried) == maxTried {
			break
		}
	}
	return nil
}

// startFunction is what every program starts with, and none of its own.
const startFunction = "_start"

// maxTried bounds how many files of a stack are looked for.
const maxTried = 32

// openSource opens a source file; nil if it is none, or cannot be read.
func openSource(file string) (*os.File, os.FileInfo) {
	if !slices.Contains(sourceKinds(), filepath.Ext(file)) {
		return nil, nil
	}
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxSourceSize {
		f.Close()
		return nil, nil
	}
	return f, info
}

// newerNote says that a source file is not the one that a function was built from.
func newerNote(file string) string {
	return filepath.Base(file) + " is newer than the function: lines may have moved"
}

// readExcerpt reads the lines around one of a source file, or nothing if it cannot.
func readExcerpt(file string, line int, built time.Time) *excerpt {
	f, info := openSource(file)
	if f == nil {
		return nil
	}
	defer f.Close()
	e := &excerpt{first: max(1, line-contextLines), mark: line}
	lines := bufio.NewScanner(io.LimitReader(f, maxSourceSize))
	lines.Buffer(nil, maxSourceSize)
	for n := 1; n <= line+contextLines && lines.Scan(); n++ {
		if n >= e.first {
			e.lines = append(e.lines, lines.Text())
		}
	}
	if e.first+len(e.lines) <= line {
		e.lines, e.note = nil, fmt.Sprintf("the file has no line %d", line)
	}
	if info.ModTime().After(built) {
		e.note = strings.TrimPrefix(e.note+"; "+newerNote(file), "; ")
	}
	if e.lines == nil && e.note == "" {
		return nil
	}
	return e
}

func (e *excerpt) write(w io.Writer) {
	width := len(fmt.Sprint(e.first + len(e.lines)))
	for i, text := range e.lines {
		mark := ' '
		if e.first+i == e.mark {
			mark = '>'
		}
		text = shownLine(text)
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("      %c %*d | %s", mark, width, e.first+i, text), " "))
	}
	if e.note != "" {
		fmt.Fprintf(w, "        (%s)\n", printable(e.note))
	}
}

// shownLine is a line of a source file as it is shown.
func shownLine(text string) string {
	text = printable(strings.TrimRight(strings.ReplaceAll(text, "\t", "    "), "\r "))
	if r := []rune(text); len(r) > maxLineLength {
		text = string(r[:maxLineLength]) + "…"
	}
	return text
}

// sourceFiles are the lines of source files that have been shown.
type sourceFiles struct {
	built time.Time // when the module was made
	files map[string]*sourceFile
}

type sourceFile struct {
	lines []string
	note  string // to be said once; "" if it has been
}

// maxSourceFiles bounds how many files are kept.
const maxSourceFiles = 256

// line returns a line of a file, without spaces at its end, and what is to be said about
// the file when it is first shown; ok is false if there is no such line.
func (s *sourceFiles) line(file string, number int) (text, note string, ok bool) {
	f := s.files[file]
	if f == nil {
		if s.files == nil || len(s.files) >= maxSourceFiles {
			s.files = make(map[string]*sourceFile)
		}
		f = s.read(file)
		s.files[file] = f
	}
	if number < 1 || number > len(f.lines) {
		return "", "", false
	}
	note, f.note = f.note, ""
	return shownLine(f.lines[number-1]), note, true
}

func (s *sourceFiles) read(path string) *sourceFile {
	f, info := openSource(path)
	if f == nil {
		return &sourceFile{}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSourceSize))
	if err != nil {
		return &sourceFile{}
	}
	file := &sourceFile{lines: strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")}
	if info.ModTime().After(s.built) {
		file.note = newerNote(path)
	}
	return file
}
