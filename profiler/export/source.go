package export

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of the sources in a page.
const (
	aroundLines   = 6 // shown before and after each that was measured
	maxLineRunes  = 240
	maxSources    = 8 << 20 // bytes in all
	maxSourceFile = 16 << 20
)

// excerpt is the lines of a source file that a page shows, or why it shows none.
type excerpt struct {
	lines []sourceLine
	err   string
}

type sourceLine struct {
	number int64
	text   string
}

// MarshalJSON writes {"lines":[[NUMBER,TEXT],...]} or {"error":TEXT}.
func (e *excerpt) MarshalJSON() ([]byte, error) {
	if e.err != "" {
		return json.Marshal(map[string]string{"error": e.err})
	}
	return json.Marshal(map[string][]sourceLine{"lines": e.lines})
}

// MarshalJSON writes an array of both.
func (l sourceLine) MarshalJSON() ([]byte, error) { return json.Marshal([]any{l.number, l.text}) }

// excerpts reads the files with lines that were measured, those where most was first,
// until there is no more room. The key is the file's name.
func excerpts(t *functionTable, lines [][]lineSums, selected int, source func(string) ([]byte, error)) map[string]*excerpt {
	wanted := make(map[string][]int64)
	weight := make(map[string]float64)
	for fn, f := range t.all {
		if f.file == "" {
			continue
		}
		for _, l := range lines[fn] {
			if l.line > 0 {
				wanted[f.file] = append(wanted[f.file], l.line)
				weight[f.file] += float64(max(l.total[selected], -l.total[selected]))
			}
		}
		if len(lines[fn]) > 0 && t.start[fn] > 0 {
			wanted[f.file] = append(wanted[f.file], t.start[fn])
		}
	}
	files := slices.SortedFunc(maps.Keys(wanted), func(a, b string) int {
		return cmp.Or(cmp.Compare(weight[b], weight[a]), strings.Compare(a, b))
	})
	all := make(map[string]*excerpt)
	room := maxSources
	for _, file := range files {
		e := readExcerpt(file, wanted[file], source)
		for _, l := range e.lines {
			room -= len(l.text) + 16
		}
		if room < 0 {
			e = &excerpt{err: "the page has no room for more sources"}
		}
		all[file] = e
	}
	return all
}

// readExcerpt takes lines and those around them out of a file.
func readExcerpt(file string, wanted []int64, source func(string) ([]byte, error)) *excerpt {
	if source == nil {
		return &excerpt{err: "sources were not asked for when this page was written"}
	}
	text, err := source(file)
	switch {
	case err != nil:
		return &excerpt{err: err.Error()}
	case len(text) > maxSourceFile:
		return &excerpt{err: "the file is too large to be a source"}
	}
	slices.Sort(wanted)
	e := &excerpt{}
	number := int64(0)
	for line := range bytes.Lines(text) {
		number++
		for len(wanted) > 0 && wanted[0] < number-aroundLines {
			wanted = wanted[1:]
		}
		if len(wanted) == 0 {
			break
		}
		if number >= wanted[0]-aroundLines {
			e.lines = append(e.lines, sourceLine{number, clip(string(bytes.TrimRight(line, "\r\n")))})
		}
	}
	if len(e.lines) == 0 {
		e.err = "the file has no such lines: it is another version"
	}
	return e
}

// clip shortens a line that no screen has room for.
func clip(line string) string {
	if utf8.RuneCountInString(line) <= maxLineRunes {
		return line
	}
	return string([]rune(line)[:maxLineRunes]) + "…"
}
