package execgraph

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// WriteDOT writes a graph as of now in Graphviz's language, an invocation a node.
func WriteDOT(w io.Writer, root *scheduler.Node, now time.Time) error {
	b := bufio.NewWriter(w)
	b.WriteString("digraph invocations {\n  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\"];\n")
	open := []*scheduler.Node{root}
	for len(open) > 0 {
		n := open[len(open)-1]
		open = append(open[:len(open)-1], n.Chained...)
		dotNode(b, &n.Invocation, now)
		for _, c := range n.Chained {
			fmt.Fprintf(b, "  i%d -> i%d;\n", n.ID, c.ID)
		}
	}
	b.WriteString("}\n")
	return b.Flush()
}

func dotNode(w io.Writer, i *scheduler.Invocation, now time.Time) {
	p := PhasesOf(i, now)
	colour := "white"
	switch {
	case failed(i):
		colour = "mistyrose"
	case i.Result == nil:
		colour = "lightyellow"
	case p.Cold:
		colour = "lightblue"
	}
	start := "start "
	if p.Cold {
		start = "cold start "
	}
	label := fmt.Sprintf("%s %d\nqueue %s, %s%s\nrun %s, wait %s\n%s: %s", i.Request.Function.String()+pointerText(i), i.ID,
		short(p.Queue), start, short(p.Ready), short(p.Run), short(p.Wait), where(i), Ending(i))
	fmt.Fprintf(w, "  i%d [label=\"%s\", fillcolor=%s];\n", i.ID, dotText(label), colour)
}

// dotText is text within double quotes of DOT.
func dotText(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(printable(line)))
	}
	return strings.Join(lines, `\n`)
}
