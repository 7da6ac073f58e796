package worker

import (
	"io"

	"github.com/faaslens/faaslens/guest"
)

// budget is what an invocation may still write, on all its streams together.
type budget struct {
	limit, used uint64
	other       func() uint64 // what counts beside the streams
}

func (b *budget) reset(limit uint64) { b.limit, b.used = limit, 0 }

// limitedWriter is one stream of an invocation. It takes what fits the budget and
// then ends the invocation.
type limitedWriter struct {
	budget *budget
	w      io.Writer
}

// Write passes p on as far as the budget goes; beyond it the error is a *guest.Limit.
func (l *limitedWriter) Write(p []byte) (int, error) {
	used := l.budget.used + l.budget.other()
	room := l.budget.limit - min(used, l.budget.limit)
	over := uint64(len(p)) > room
	take := p
	if over {
		take = p[:room]
	}
	n := len(take)
	if l.w != nil && n > 0 {
		var err error
		if n, err = l.w.Write(take); err != nil {
			l.budget.used += uint64(n)
			return n, err
		}
	}
	l.budget.used += uint64(n)
	if over {
		return n, &guest.Limit{Kind: guest.LimitOutput, Allowed: l.budget.limit, Used: used + uint64(len(p))}
	}
	return n, nil
}
