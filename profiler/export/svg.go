package export

import (
	"bufio"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed flame.svg.js
var svgScript string

// What the drawing looks like, in pixels of SVG.
const (
	svgWidth   = 1200
	svgPad     = 10
	svgRow     = 16
	svgTop     = 62 // for the title and the legend
	svgBottom  = 32 // for the line with details
	svgLetter  = 7.25
	svgMinimum = 0.1  // width of the smallest box that is drawn
	svgRows    = 1024 // at most
)

// svgBox is a call that is drawn.
type svgBox struct {
	x, width    float64
	row         int
	value, base int64
	function    function
	inlined     bool
	root        bool
}

// writeSVG draws a flame graph as FlameGraph's flamegraph.pl does: callers below, callees
// above, siblings in the order of their names; a box's width is its share. A browser
// shows details of what the pointer is on, zooms by a click and searches.
func writeSVG(w *bufio.Writer, g *graph, selected int, o Options) error {
	if o.Reverse {
		g = g.reversed()
	}
	boxes := svgBoxes(g, selected)
	rows := 1
	for _, b := range boxes {
		rows = max(rows, b.row+1)
	}
	height := svgTop + rows*svgRow + svgBottom
	unit := g.types[selected].Unit
	svgHead(w, g, height, o)
	fmt.Fprintf(w, "<g id=\"frames\" data-diff=\"%t\">\n", g.base != nil)
	for _, b := range boxes {
		writeSVGBox(w, b, float64(svgTop+(rows-1-b.row)*svgRow), boxes[0], g.base != nil, unit)
	}
	_, err := fmt.Fprintf(w, "</g>\n<script type=\"text/ecmascript\"><![CDATA[\n%s]]></script>\n</svg>\n", svgScript)
	return err
}

func svgHead(w *bufio.Writer, g *graph, height int, o Options) {
	title := "Flame Graph"
	if g.base != nil {
		title = "Differential Flame Graph"
	}
	subtitle := xmlText(o.Title)
	if o.Reverse {
		subtitle = strings.TrimPrefix(subtitle+", innermost calls at the bottom", ", ")
	}
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="%[1]d" height="%[2]d" viewBox="0 0 %[1]d %[2]d">
<title>%[3]s</title>
<style type="text/css">
text { font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 12px; fill: %[4]s; }
#title { font-size: 17px; text-anchor: middle; }
#reset, #search { cursor: pointer; text-decoration: underline; }
#matched { text-anchor: end; }
.frame { cursor: pointer; }
.frame:hover rect, .frame:focus rect { stroke: #000; stroke-width: 1; }
.frame:focus { outline: none; }
.frame text { pointer-events: none; }
.parent { opacity: 0.5; }
.hide { display: none; }
</style>
<rect id="background" width="100%%" height="100%%" fill="#fbfbf8"/>
<text id="title" x="%[5]d" y="24">%[3]s</text>
<text id="subtitle" x="%[6]d" y="24">%[7]s</text>
<text id="reset" class="hide" tabindex="0" role="button" x="%[6]d" y="42">Reset Zoom</text>
<text id="search" tabindex="0" role="button" x="%[8]d" y="24">Search</text>
<text id="details" x="%[6]d" y="%[9]d"> </text>
<text id="matched" x="%[10]d" y="%[9]d"> </text>
`, svgWidth, height, title, ink(), svgWidth/2, svgPad, subtitle, svgWidth-svgPad-60, height-12, svgWidth-svgPad)
	svgLegend(w, g)
}

// svgLegend says what the colours mean that there are.
func svgLegend(w *bufio.Writer, g *graph) {
	x := 130
	entry := func(c colour, text string) {
		fmt.Fprintf(w, `<g class="legend"><rect x="%d" y="33" width="12" height="12" rx="2" fill="%s"/><text x="%d" y="43">%s</text></g>`+"\n", x, c, x+17, text)
		x += 40 + int(svgLetter*float64(len(text)))
	}
	if g.base != nil {
		entry(moreColour(), "more than in the base")
		entry(sameColour(), "the same")
		entry(lessColour(), "less")
		return
	}
	for _, k := range Kinds() {
		if slices.ContainsFunc(g.nodes[1:], func(n node) bool { return g.all[n.frame.function()].kind == k }) {
			entry(kindColour(k), k.String())
		}
	}
}

// svgBoxes places the calls that are wide enough to be seen, the root first.
func svgBoxes(g *graph, selected int) []svgBox {
	values, base := g.totals(selected)
	weight := func(n int) float64 {
		if base == nil {
			return float64(values[n])
		}
		return float64(values[n]) + float64(base[n])
	}
	scale := 0.0
	if all := weight(0); all > 0 {
		scale = (svgWidth - 2*svgPad) / all
	}
	// next is where the next callee of a call begins.
	next := make([]float64, len(g.nodes))
	var boxes []svgBox
	for i, n := range g.nodes {
		b := svgBox{x: svgPad, width: weight(i) * scale, row: int(n.depth), value: values[i], root: i == 0}
		if base != nil {
			b.base = base[i]
		}
		if i == 0 {
			b.width = svgWidth - 2*svgPad
		} else {
			b.x = next[n.parent]
			next[n.parent] += b.width
			b.function, b.inlined = g.functionAt(i), n.frame.inlined()
		}
		next[i] = b.x
		if b.root || b.width >= svgMinimum && b.row < svgRows {
			boxes = append(boxes, b)
		}
	}
	return boxes
}

func writeSVGBox(w *bufio.Writer, b svgBox, y float64, root svgBox, diff bool, unit string) {
	name, fill := "all", rootColour()
	if !b.root {
		name, fill = b.function.name, functionColour(b.function)
	}
	if diff {
		fill = diffColour(b.value, b.base)
	}
	info := name
	if b.inlined {
		info += " (inlined)"
	}
	if b.function.module != "" {
		info += " in " + b.function.module
	}
	if diff {
		info += fmt.Sprintf(": %s, base %s, %s", amount(b.value, unit), amount(b.base, unit), signed(amount(b.value-b.base, unit)))
	} else {
		info += fmt.Sprintf(": %s, %s", amount(b.value, unit), share(b.value, root.value))
	}
	fmt.Fprintf(w, `<g class="frame" tabindex="-1" data-name="%s"><title>%s</title><rect x="%.2f" y="%.0f" width="%.2f" height="%d" rx="1.5" fill="%s"/><text x="%.2f" y="%.0f">%s</text></g>`+"\n",
		xmlText(name), xmlText(info), b.x, y, b.width, svgRow-1, fill, b.x+3, y+11.5, xmlText(fit(name, b.width)))
}

func signed(amount string) string {
	if amount[0] == '-' {
		return amount
	}
	return "+" + amount
}

// fit returns as much of a name as there is room for.
func fit(name string, width float64) string {
	room := int((width - 6) / svgLetter)
	switch {
	case room < 3:
		return ""
	case utf8.RuneCountInString(name) <= room:
		return name
	}
	return string([]rune(name)[:room-2]) + ".."
}

// xmlText escapes a text for XML 1.0, both between tags and in attributes. What XML does
// not allow at all becomes U+FFFD.
func xmlText(s string) string {
	var b strings.Builder
	for _, r := range s { // bytes that are no UTF-8 come as U+FFFD
		switch {
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '&':
			b.WriteString("&amp;")
		case r == '"':
			b.WriteString("&quot;")
		case r == '\'':
			b.WriteString("&#39;")
		case r < ' ' || r == 0x7f || r == 0xfffe || r == 0xffff:
			b.WriteRune(utf8.RuneError)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
