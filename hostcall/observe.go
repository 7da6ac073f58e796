package hostcall

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// Observer is told of every host call of an invocation, on the guest's thread.
type Observer interface {
	// Enter is called before the call runs. bad is the parameter that leads
	// outside memory, so that the call will not run, or -1.
	Enter(c *Call, bad int)
	// Leave is called after it with its result and how it ended the
	// invocation, if it did.
	Leave(c *Call, result guest.Value, err error)
}

// Guard is an Observer that says which calls may run. Admit comes after Enter; its error
// ends the invocation, and the call does nothing.
type Guard interface {
	Observer
	Admit(c *Call) error
}

// Tracer writes each call as strace does:
//
//	fd_write(1, [{"hello\n", 6}]) = SUCCESS, nwritten=6 <12µs>
//
// Arguments that the call fills are written behind the result, and only where it
// succeeded.
type Tracer struct {
	mu    sync.Mutex
	w     io.Writer
	now   func() time.Time
	open  []pending
	lines []byte
}

// pending is a call that has been entered and not left: calls nest where one runs
// the guest.
type pending struct {
	head  string
	start time.Time
}

// NewTracer returns a tracer that writes whole lines to w and takes times from
// now.
func NewTracer(w io.Writer, now func() time.Time) *Tracer {
	return &Tracer{w: w, now: now}
}

// Enter implements Observer.
func (t *Tracer) Enter(c *Call, bad int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open = append(t.open, pending{head: c.appendHead(bad), start: t.now()})
}

// Leave implements Observer.
func (t *Tracer) Leave(c *Call, result guest.Value, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.open) == 0 {
		return
	}
	p := t.open[len(t.open)-1]
	t.open = t.open[:len(t.open)-1]
	b := append(t.lines[:0], p.head...)
	b = append(b, c.tail(result, err)...)
	b = fmt.Appendf(b, " <%s>\n", showDuration(t.now().Sub(p.start)))
	t.lines = b
	// A trace that cannot be written must not end the function that it traces.
	_, _ = t.w.Write(b)
}

func showDuration(d time.Duration) string {
	switch {
	case d < 10*time.Microsecond:
		return d.Round(100 * time.Nanosecond).String()
	case d < 10*time.Millisecond:
		return d.Round(time.Microsecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// appendHead writes the call's name and what it was given.
func (c *Call) appendHead(bad int) string {
	var b strings.Builder
	b.WriteString(c.Spec.Name)
	b.WriteByte('(')
	n := 0
	for i := range c.Spec.Params {
		p := &c.Spec.Params[i]
		if p.Kind == Out && i != bad {
			continue
		}
		if n > 0 {
			b.WriteString(", ")
		}
		n++
		if bad >= 0 && p.Kind > Int64 && p.Kind != Float64 {
			// From the bad one on nothing has been resolved.
			b.WriteString(c.showRaw(p))
			continue
		}
		b.WriteString(c.showIn(i, p))
	}
	b.WriteByte(')')
	return b.String()
}

func (c *Call) showRaw(p *Param) string {
	switch p.Kind {
	case InBytes, OutBytes, InVec, OutVec, InArray:
		return fmt.Sprintf("0x%x, %d", c.args[p.at].U32(), c.args[p.at+1].U32())
	}
	return fmt.Sprintf("0x%x", c.args[p.at].U32())
}

func (c *Call) showIn(i int, p *Param) string {
	switch p.Kind {
	case Int32:
		if p.Show != nil {
			return p.Show(uint64(c.args[p.at].U32()))
		}
		return strconv.Itoa(int(c.args[p.at].I32()))
	case Int64:
		if p.Show != nil {
			return p.Show(c.args[p.at].U64())
		}
		return strconv.FormatInt(c.args[p.at].I64(), 10)
	case Float64:
		return strconv.FormatFloat(c.args[p.at].F64(), 'g', -1, 64)
	case In, InArray, InRecords:
		return p.showBytes(c.bytes[i])
	case InBytes:
		if p.ShowBytes != nil {
			return p.ShowBytes(c.bytes[i])
		}
		return quote(c.bytes[i])
	case CString:
		return quote(c.bytes[i])
	case InVec:
		return c.showVec(-1)
	case OutBytes, OutVec:
		return c.showRaw(p)
	}
	return fmt.Sprintf("0x%x", c.args[p.at].U32())
}

// showBytes writes what a pointer leads to.
func (p *Param) showBytes(b []byte) string {
	if p.ShowBytes != nil {
		return p.ShowBytes(b)
	}
	switch len(b) {
	case 1:
		return strconv.Itoa(int(b[0]))
	case 2:
		return strconv.Itoa(int(binary.LittleEndian.Uint16(b)))
	case 4:
		return strconv.FormatUint(uint64(binary.LittleEndian.Uint32(b)), 10)
	case 8:
		return strconv.FormatUint(binary.LittleEndian.Uint64(b), 10)
	}
	return quote(b)
}

// showVec writes the buffers of a vector, of which the first filled bytes count;
// all if filled is negative.
func (c *Call) showVec(filled int64) string {
	var b strings.Builder
	b.WriteByte('[')
	for i, v := range c.vecs {
		if filled == 0 && i > 0 {
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		if i == 16 {
			fmt.Fprintf(&b, "… %d more", len(c.vecs)-i)
			break
		}
		if filled >= 0 {
			v = v[:min(int64(len(v)), filled)]
			filled -= int64(len(v))
		}
		fmt.Fprintf(&b, "{%s, %d}", quote(v), len(v))
	}
	b.WriteByte(']')
	return b.String()
}

// tail writes the result and what the call filled.
func (c *Call) tail(result guest.Value, err error) string {
	if err != nil {
		return " = ? (" + strings.ReplaceAll(err.Error(), "\n", " ") + ")"
	}
	r := c.Spec.Result
	if r.Type == 0 {
		return " = void"
	}
	var b strings.Builder
	b.WriteString(" = ")
	switch {
	case r.Show != nil:
		b.WriteString(r.Show(result.U64()))
	case r.Type == guest.I64:
		b.WriteString(strconv.FormatInt(result.I64(), 10))
	case r.Type == guest.F64:
		b.WriteString(strconv.FormatFloat(result.F64(), 'g', -1, 64))
	default:
		b.WriteString(strconv.Itoa(int(result.I32())))
	}
	if c.Spec.FaultResult != 0 && result.U32() != 0 {
		return b.String() // an error number: nothing has been filled
	}
	for i := range c.Spec.Params {
		p := &c.Spec.Params[i]
		switch p.Kind {
		case Out:
			b.WriteString(", " + p.Name + "=" + p.showBytes(c.bytes[i]))
		case OutBytes, OutRecords:
			filled := c.bytes[i][:min(int(c.filled), len(c.bytes[i]))]
			s := ""
			if p.ShowBytes != nil {
				s = p.ShowBytes(filled)
			} else {
				s = quote(filled)
			}
			b.WriteString(", " + p.Name + "=" + s)
		case OutVec:
			b.WriteString(", " + p.Name + "=" + c.showVec(int64(c.filled)))
		}
	}
	return b.String()
}

// maxQuoted is how many bytes of a buffer a trace shows, as strace's default is
// short too.
const maxQuoted = 48

func quote(b []byte) string {
	if len(b) <= maxQuoted {
		return strconv.Quote(string(b))
	}
	return strconv.Quote(string(b[:maxQuoted])) + "…"
}
