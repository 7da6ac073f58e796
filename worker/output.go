package worker

import (
	"io"
	"os"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/hostcall/wasi"
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
	return l.WriteWhile(nil, p)
}

// WriteWhile implements hostcall.WaitingWriter: it is Write, but waits for a file's
// reader only as long as the invocation goes on.
func (l *limitedWriter) WriteWhile(r hostcall.Running, p []byte) (int, error) {
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
		if f, ok := l.w.(*os.File); ok && r != nil {
			n, err = wasi.WriteFile(r, f, take)
		} else {
			n, err = l.w.Write(take)
		}
		if err != nil {
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
