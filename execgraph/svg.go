package execgraph

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// The drawing's measures, in pixels.
const (
	rowHeight = 22
	barHeight = 14
	labelSide = 320 // where the bars begin
	barSide   = 820 // how wide all of the time is
	headSide  = 44
	maxRows   = 2000
)

// Colours of the phases.
const (
	queueColour = "#c8c8c8"
	startColour = "#f0a860"
	coldColour  = "#d85c3c"
	runColour   = "#4a86c8"
	waitColour  = "#b8d0ea"
)

// drawing is a graph over time.
type drawing struct {
	w     *bufio.Writer
	now   time.Time
	first time.Time
	span  time.Duration
	rows  int
}

// row is an invocation in the drawing, and at which depth.
type row struct {
	node  *scheduler.Node
	depth int
}

// WriteSVG draws a graph as of now: a row for each invocation, its phases on a common
// axis of time. Rows beyond 2,000 are counted and left out.
func WriteSVG(w io.Writer, root *scheduler.Node, now time.Time) error {
	rows := inOrder(root)
	d := &drawing{w: bufio.NewWriter(w), now: now, first: root.Times.Queued, rows: min(len(rows), maxRows)}
	last := root.Times.Queued
	for _, r := range rows {
		end := r.node.Times.Finished
		if end.IsZero() {
			end = now
		}
		if end.After(last) {
			last = end
		}
	}
	d.span = max(last.Sub(d.first), time.Microsecond)
	height := headSide + (d.rows+1)*rowHeight
	fmt.Fprintf(d.w, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", labelSide+barSide+20, height)
	fmt.Fprintf(d.w, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	d.head()
	for k, r := range rows[:d.rows] {
		d.row(k, r)
	}
	if left := len(rows) - d.rows; left > 0 {
		fmt.Fprintf(d.w, `<text x="4" y="%d">and %d more</text>`+"\n", headSide+d.rows*rowHeight+barHeight, left)
	}
	d.w.WriteString("</svg>\n")
	return d.w.Flush()
}

// inOrder are all invocations of a graph, each before those that it chained.
func inOrder(root *scheduler.Node) []row {
	var rows []row
	open := []row{{root, 0}}
	for len(open) > 0 {
		r := open[len(open)-1]
		open = open[:len(open)-1]
		rows = append(rows, r)
		for k := len(r.node.Chained) - 1; k >= 0; k-- {
			open = append(open, row{r.node.Chained[k], r.depth + 1})
		}
	}
	return rows
}

// head writes what the colours mean, and the axis.
func (d *drawing) head() {
	x := 4
	for _, c := range [][2]string{{queueColour, "queue"}, {startColour, "start"}, {coldColour, "cold start"}, {runColour, "run"}, {waitColour, "wait for others"}} {
		fmt.Fprintf(d.w, `<rect x="%d" y="6" width="12" height="12" fill="%s"/><text x="%d" y="16">%s</text>`+"\n", x, c[0], x+16, c[1])
		x += 34 + 7*len(c[1])
	}
	for k := range 5 {
		at := labelSide + barSide*k/4
		fmt.Fprintf(d.w, `<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="#ddd"/><text x="%d" y="%d" fill="#666" text-anchor="%s">%s</text>`+"\n",
			at, at, headSide-8, headSide+d.rows*rowHeight, at, headSide-12, [...]string{"start", "middle", "middle", "middle", "end"}[k], short(d.span*time.Duration(k)/4))
	}
}

func (d *drawing) row(k int, r row) {
	i := &r.node.Invocation
	p := PhasesOf(i, d.now)
	y := headSide + k*rowHeight
	fmt.Fprintf(d.w, `<g><title>%s</title>`, svgText(fmt.Sprintf("%s %d, worker %s: queue %s, start %s, run %s, wait %s, %s",
		i.Request.Function, i.ID, where(i), short(p.Queue), short(p.Ready), short(p.Run), short(p.Wait), endingText(i))))
	colour := "black"
	if failed(i) {
		colour = "#b02020"
	}
	name := i.Request.Function.String() + pointerText(i)
	fmt.Fprintf(d.w, `<text x="%d" y="%d" fill="%s">%s</text>`, 4+12*min(r.depth, 12), y+barHeight-2, colour, svgText(shorten(name, 36-2*min(r.depth, 12))))
	at := i.Times.Queued.Sub(d.first)
	ready := startColour
	if p.Cold {
		ready = coldColour
	}
	for _, part := range []struct {
		length time.Duration
		colour string
	}{{p.Queue, queueColour}, {p.Ready, ready}, {p.Run, runColour}, {p.Wait, waitColour}} {
		d.bar(y, at, part.length, part.colour)
		at += part.length
	}
	d.w.WriteString("</g>\n")
}

func (d *drawing) bar(y int, from, length time.Duration, colour string) {
	if length <= 0 {
		return
	}
	scale := float64(barSide) / float64(d.span)
	fmt.Fprintf(d.w, `<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"/>`, labelSide+float64(from)*scale, y, max(float64(length)*scale, 0.5), barHeight, colour)
}

func shorten(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most-1]) + "…"
}

// svgText is text within XML.
func svgText(s string) string { return html.EscapeString(printable(s)) }
