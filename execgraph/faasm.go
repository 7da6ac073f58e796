package execgraph

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/faaslens/faaslens/scheduler"
)

// WriteFaasm writes a graph as of now in Faasm's form, to the white space (execGraphToJson
// in faabric's ExecGraph.cpp), for the application app.
func WriteFaasm(w io.Writer, root *scheduler.Node, app int32, now time.Time) error {
	b := bufio.NewWriter(w)
	b.WriteString("{ \n\"root\": ")
	if err := writeFaasmNode(b, root, app, now); err != nil {
		return fmt.Errorf("write the graph: %w", err)
	}
	b.WriteString("\n }")
	return b.Flush()
}

func writeFaasmNode(b *bufio.Writer, n *scheduler.Node, app int32, now time.Time) error {
	i := n.Invocation
	text, err := json.Marshal(MessageOf(&i, app, now))
	if err != nil {
		return err
	}
	b.WriteString("{ \"msg\": ")
	b.Write(text)
	if len(n.Chained) > 0 {
		b.WriteString(", \n\"chained\": [\n")
		for k, c := range n.Chained {
			if k > 0 {
				b.WriteString(", \n")
			}
			if err := writeFaasmNode(b, c, app, now); err != nil {
				return err
			}
		}
		b.WriteString("\n]")
	}
	return b.WriteByte('}')
}
