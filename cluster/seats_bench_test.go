package cluster

import (
	"testing"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/scheduler"
)

// BenchmarkElsewhere gives an empty call to another member, over a connection of its own.
func BenchmarkElsewhere(b *testing.B) {
	url := openBus(b, bus.Config{Listen: "127.0.0.1:0"}).URL()
	p := plays{"empty": func(*play) scheduler.Result { return scheduler.Result{} }}
	here, there := enlist(b, url, "here", 1, p), enlist(b, url, "there", 1, p)
	for len(here.Members()) == 0 {
		<-here.peers.changed
	}
	s := seat{here.Cluster, announcement{ID: there.id, Name: "there"}}
	e := &scheduler.Errand{Request: &scheduler.Request{Function: guest.Name{User: "demo", Function: "empty"}, Input: []byte("input")}, Depth: 1, Tree: 2}
	b.ReportAllocs()
	for b.Loop() {
		e.ID++
		if err := s.Run(b.Context(), e, func(*scheduler.Node) {}); err != nil {
			b.Fatal(err)
		}
	}
}
