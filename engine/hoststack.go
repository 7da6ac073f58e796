package engine

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// HostFrame is a call of the host's, in Go.
type HostFrame struct {
	Function string // with its package's path
	File     string
	Line     int
}

// maxHostText bounds the text of all goroutines' stacks.
const maxHostText = 16 << 20

// AddHost completes the stacks with the host's side of them, as it is a moment later:
// Inner and Outer. All goroutines are halted while their stacks are written down, which
// takes some ten microseconds for each; guests go on.
func (e *Engine) AddHost(stacks []LiveStack) {
	if len(stacks) == 0 {
		return
	}
	text := make([]byte, 1<<18)
	n := runtime.Stack(text, true)
	for n == len(text) && n < maxHostText {
		text = make([]byte, 2*n)
		n = runtime.Stack(text, true)
	}
	bySlot := make(map[string]hostStack)
	for g := range strings.SplitSeq(string(text[:n]), "\n\n") {
		if h := readHostStack(g); h.slot != "" {
			bySlot[h.slot] = h
		}
	}
	for i := range stacks {
		l := &stacks[i]
		h, ok := bySlot[fmt.Sprintf("%p", l.slot)]
		if !ok || l.slot.generation.Load() != l.generation {
			continue // it ended meanwhile
		}
		l.Outer = h.outer
		if l.Call != "" {
			l.Inner = h.inner
		}
	}
}

// hostStack is what the stack of a goroutine that runs a guest says.
type hostStack struct {
	slot         string // the address of the slot, as the stack has it
	inner, outer []HostFrame
}

// The functions between the host's part of a stack and the guest's. Their receiver is the
// slot; they are not inlined, and use it behind the call, so that a stack shows it.
const (
	enterMark    = "engine.(*slot).enter"
	hostCallMark = "engine.(*slot).HostCall"
)

// readHostStack reads a goroutine's stack as runtime.Stack writes it: two lines for each
// call, the function with its arguments and, indented, the place.
func readHostStack(text string) (h hostStack) {
	var above []HostFrame
	inside := true // of a host call, if there is one
	lines := strings.Split(text, "\n")
	for i := 1; i+1 < len(lines); i += 2 {
		name, args, ok := cutArguments(lines[i])
		file, line, placed := cutPlace(lines[i+1])
		if !ok || !placed {
			continue
		}
		switch {
		case strings.HasSuffix(name, hostCallMark) && inside:
			h.inner, above, inside = above, nil, false
		case strings.HasSuffix(name, enterMark):
			h.slot, _, _ = strings.Cut(args, ",")
			h.slot = strings.TrimSuffix(h.slot, "?")
			above, inside = nil, false
		case !ofBinding(name):
			above = append(above, HostFrame{Function: name, File: file, Line: line})
		}
	}
	h.outer = above
	return h
}

// cutArguments parts "NAME(ARGUMENTS)".
func cutArguments(call string) (name, args string, ok bool) {
	i := strings.LastIndexByte(call, '(')
	if i < 0 || !strings.HasSuffix(call, ")") {
		return "", "", false
	}
	return call[:i], call[i+1 : len(call)-1], true
}

// cutPlace parts "\tFILE:LINE +0xOFFSET".
func cutPlace(text string) (file string, line int, ok bool) {
	text, ok = strings.CutPrefix(text, "\t")
	if !ok {
		return "", 0, false
	}
	if i := strings.LastIndex(text, " +0x"); i >= 0 {
		text = text[:i]
	}
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return "", 0, false
	}
	line, err := strconv.Atoi(text[i+1:])
	return text[:i], line, err == nil
}

// ofBinding reports whether a function is of Go's runtime or of the binding to the
// engine, which says nothing to anybody.
func ofBinding(name string) bool {
	return strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "_cgo") || strings.HasPrefix(name, "non-Go") ||
		strings.Contains(name, "/engine/internal/wasmtime.")
}
