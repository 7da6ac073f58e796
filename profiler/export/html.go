package export

import (
	"bufio"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"path"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

//go:embed page
var page embed.FS

// pageHead is what the page's template gets. Style is ours and has no names in it.
type pageHead struct {
	Title                 string
	Style                 template.CSS
	ScriptHash, StyleHash string // as in a Content-Security-Policy
}

// writeHTML writes a page that needs no other file: our style, our script, and the
// profile as data between them. The browser is told to run nothing else.
func writeHTML(w *bufio.Writer, p *profile.Profile, selected int, o Options) error {
	style, err := page.ReadFile("page/page.css")
	if err != nil {
		return err
	}
	script, err := pageScript()
	if err != nil {
		return err
	}
	head, err := template.ParseFS(page, "page/page.html")
	if err != nil {
		return err
	}
	title := pageTitle(p, o)
	err = head.Execute(w, pageHead{
		Title: title, Style: template.CSS(style), ScriptHash: hashSource(script), StyleHash: hashSource(string(style)),
	})
	if err != nil {
		return err
	}
	w.WriteString(`<script type="application/json" id="profile">`)
	if err := writePageData(w, p, selected, title, o); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "</script>\n<script>%s</script>\n</body>\n</html>\n", script)
	return err
}

// pageScript is all scripts of the page in the order of their names.
func pageScript() (string, error) {
	names, err := page.ReadDir("page") // sorted
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, n := range names {
		if path.Ext(n.Name()) != ".js" {
			continue
		}
		text, err := page.ReadFile("page/" + n.Name())
		if err != nil {
			return "", err
		}
		b.Write(text)
	}
	return b.String(), nil
}

// hashSource names an inline script or style (Content Security Policy Level 3, 2.3.1).
func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

func pageTitle(p *profile.Profile, o Options) string {
	title := o.Title
	if title == "" {
		title = "Profile"
	}
	if isDiff(p.Sample) {
		title += ", compared"
	}
	return title
}

// about says in a line when and how the profile was made.
func about(p *profile.Profile) string {
	var parts []string
	if p.TimeNanos != 0 {
		parts = append(parts, time.Unix(0, p.TimeNanos).UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if p.DurationNanos > 0 {
		parts = append(parts, "over "+amount(p.DurationNanos, "nanoseconds"))
	}
	if p.PeriodType != nil && p.Period > 0 && p.PeriodType.Unit == "nanoseconds" {
		parts = append(parts, "a sample each "+amount(p.Period, p.PeriodType.Unit))
	}
	return strings.Join(append(parts, p.Comments...), " · ")
}

// pagePalette is what the script colours with.
type pagePalette struct {
	Kinds [][]string `json:"kinds"` // shades of each
	Ink   string     `json:"ink"`
	Root  string     `json:"root"`
	Hit   string     `json:"hit"` // what the search found
	Miss  string     `json:"miss"`
	More  string     `json:"more"`
	Less  string     `json:"less"`
	Same  string     `json:"same"`
}

func newPagePalette() pagePalette {
	p := pagePalette{
		Ink: ink().String(), Root: rootColour().String(), Hit: hitColour().String(), Miss: missColour().String(),
		More: moreColour().String(), Less: lessColour().String(), Same: sameColour().String(),
	}
	for _, k := range Kinds() {
		var all []string
		for i := range shades {
			all = append(all, shade(kindColour(k), i).String())
		}
		p.Kinds = append(p.Kinds, all)
	}
	return p
}

// writePageData writes the profile for the script (page/1-model.js reads it). JSON as Go
// writes it has no <, > or & in it, so that no name can end the element.
func writePageData(w *bufio.Writer, p *profile.Profile, selected int, title string, o Options) error {
	g := newGraph(p)
	lines := sumLines(g.functionTable, len(g.types), p.Sample)
	sources := excerpts(g.functionTable, lines, selected, o.Source)
	out := newObject(w)
	out.member("title", title)
	out.member("about", about(p))
	out.member("types", valueTypes(p))
	out.member("selected", selected)
	var kinds []string
	for _, k := range Kinds() {
		kinds = append(kinds, k.String())
	}
	out.member("kinds", kinds)
	out.member("palette", newPagePalette())
	out.member("around", aroundLines)
	writePageFunctions(out, g, sources)
	array(out, "lines", mapped(lines, func(_ int, l []lineSums) []lineSums { return l }))
	array(out, "up", mapped(g.nodes, func(i int, n node) int32 { return int32(i) - n.parent }))
	array(out, "frames", mapped(g.nodes, func(_ int, n node) frame { return n.frame }))
	array(out, "values", mapped(g.values, func(_ int, v []int64) []int64 { return pack(v) }))
	if g.base != nil {
		array(out, "base", mapped(g.base, func(_ int, v []int64) []int64 { return pack(v) }))
	}
	return out.close()
}

// writePageFunctions writes the functions as columns, and the files and modules that they
// are of. The first of each is none.
func writePageFunctions(out *objectWriter, g *graph, sources map[string]*excerpt) {
	files, modules := newStringTable(), newStringTable()
	files.add("")
	modules.add("")
	column := func(o *objectWriter, name string, value func(int, function) any) {
		array(o, name, mapped(g.all, value))
	}
	out.object("functions", func(o *objectWriter) {
		column(o, "name", func(_ int, f function) any { return f.name })
		column(o, "kind", func(_ int, f function) any { return f.kind })
		column(o, "start", func(i int, _ function) any { return g.start[i] })
		column(o, "file", func(_ int, f function) any { return files.add(f.file) })
		column(o, "module", func(_ int, f function) any { return modules.add(f.module) })
	})
	out.member("files", files.all)
	out.member("modules", modules.all)
	array(out, "sources", mapped(files.all, func(_ int, name string) *excerpt { return sources[name] }))
}

// pack leaves out what is 0: it returns pairs of a distance to the next index and the
// value there.
func pack(values []int64) []int64 {
	pairs := []int64{}
	last := 0
	for i := range measured(values) {
		pairs = append(pairs, int64(i-last), values[i])
		last = i
	}
	return pairs
}
