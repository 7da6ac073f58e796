package planner

import (
	"context"
	"time"

	"github.com/faaslens/faaslens/gateway"
)

// host is faabric's Host: a machine that runs functions.
type host struct {
	IP         string     `json:"ip"`
	Slots      int        `json:"slots"`
	Used       int        `json:"usedSlots,omitempty"`
	Registered *timestamp `json:"registerTs,omitempty"`
}

type timestamp struct {
	Millis int64 `json:"epochMs,string"`
}

// hosts answers GET_AVAILABLE_HOSTS: the members that run functions and take more, under
// their names. One that does not answer is not among them.
func (p *Planner) hosts(ctx context.Context) any {
	all := []host{}
	for _, m := range p.cfg.Members(ctx) {
		if m.Draining || m.Workers == 0 {
			continue
		}
		all = append(all, host{m.Host, m.Workers, m.Running, &timestamp{m.Started.UnixMilli()}})
	}
	return struct {
		Hosts []host `json:"hosts"`
	}{all}
}

// alone is to have no other members.
func alone(cfg *Config, started time.Time) func(context.Context) []gateway.MemberStatus {
	return func(context.Context) []gateway.MemberStatus {
		s := cfg.Scheduler.Stats()
		return []gateway.MemberStatus{{Host: cfg.Host, Workers: s.Workers, Running: s.Running, Started: started}}
	}
}
