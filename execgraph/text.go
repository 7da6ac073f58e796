package execgraph

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// maxIndent is how deep a tree is drawn; what is deeper has its depth in front.
const maxIndent = 24

// WriteText writes a graph as of now as a tree with a line for each invocation.
func WriteText(w io.Writer, root *scheduler.Node, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "FUNCTION\tINVOCATION\tQUEUE\tSTART\tRUN\tWAIT\tWORKER\tEND")
	textNode(t, root, now, "", "", 0)
	return t.Flush()
}

// textNode writes a node behind branch, and its children with that of theirs behind
// indent.
func textNode(w io.Writer, n *scheduler.Node, now time.Time, branch, indent string, depth int) {
	i := &n.Invocation
	p := PhasesOf(i, now)
	start := short(p.Ready)
	if p.Cold {
		start += " cold"
	}
	if depth > maxIndent {
		branch = fmt.Sprintf("%s(%d deep) ", indent, depth)
	}
	fmt.Fprintf(w, "%s%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n",
		branch, printable(i.Request.Function.String()+pointerText(i)), i.ID, short(p.Queue), start, short(p.Run), short(p.Wait), where(i), endingText(i))
	for k, c := range n.Chained {
		next, below := "├─ ", "│  "
		if k == len(n.Chained)-1 {
			next, below = "└─ ", "   "
		}
		if depth >= maxIndent {
			next, below = "", ""
		}
		textNode(w, c, now, indent+next, indent+below, depth+1)
	}
}

func pointerText(i *scheduler.Invocation) string {
	if i.Request.Pointer == nil {
		return ""
	}
	return " at " + strconv.FormatUint(uint64(*i.Request.Pointer), 10)
}

func where(i *scheduler.Invocation) string {
	if i.Worker < 0 {
		return "-"
	}
	return i.Host + "/" + strconv.Itoa(i.Worker)
}

func endingText(i *scheduler.Invocation) string {
	text := Ending(i)
	if i.Result != nil && i.Result.Failure != nil {
		message := i.Result.Failure.Message
		const most = 120
		if len(message) > most {
			message = strings.ToValidUTF8(message[:most], "") + "…"
		}
		text = message
	}
	return printable(text)
}

// printable makes words that come from a guest harmless for a terminal.
func printable(s string) string { return guest.Printable(s) }
