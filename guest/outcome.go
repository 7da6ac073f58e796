package guest

import (
	"fmt"
	"strings"
	"time"
)

// CodeOffset counts bytes from the start of the code section's content (its
// function count), as DWARF addresses in WebAssembly do.
type CodeOffset uint64

// FileOffset counts bytes from the start of the module.
type FileOffset uint64

// FuncIndex numbers functions as the module does: imports first.
type FuncIndex uint32

// Frame is one guest frame of a stack, as the engine knows it: without symbols.
type Frame struct {
	Func FuncIndex
	// Offset is where the frame is: at the faulting instruction in the
	// innermost frame, at the call in the others.
	Offset FileOffset
	// PC is the address in compiled code, for tools that look at it.
	PC uintptr
}

// TrapCode says why a guest trapped. The values are our own; their names are the
// specification's where it has one.
type TrapCode uint8

const (
	TrapHost TrapCode = iota // raised by a host call; the message says why
	TrapUnreachable
	TrapMemoryOutOfBounds
	TrapTableOutOfBounds
	TrapIndirectCallToNull
	TrapBadSignature
	TrapIntegerOverflow
	TrapIntegerDivideByZero
	TrapBadConversion
	TrapStackOverflow
	TrapLinearStackOverflow // of the stack that C, C++ and Rust keep in memory
	TrapMisaligned
	TrapNullReference
	TrapUncaughtException
	TrapOther // an engine's trap that has no code of its own here
)

var trapNames = [...]string{
	TrapHost:                "host call failed",
	TrapUnreachable:         "unreachable executed",
	TrapMemoryOutOfBounds:   "memory access out of bounds",
	TrapTableOutOfBounds:    "table access out of bounds",
	TrapIndirectCallToNull:  "indirect call to null",
	TrapBadSignature:        "indirect call with the wrong signature",
	TrapIntegerOverflow:     "integer overflow",
	TrapIntegerDivideByZero: "integer divide by zero",
	TrapBadConversion:       "invalid conversion to integer",
	TrapStackOverflow:       "call stack exhausted",
	TrapLinearStackOverflow: "stack in memory exhausted",
	TrapMisaligned:          "unaligned atomic",
	TrapNullReference:       "null reference",
	TrapUncaughtException:   "uncaught exception",
	TrapOther:               "trap",
}

func (c TrapCode) String() string {
	if int(c) < len(trapNames) {
		return trapNames[c]
	}
	return fmt.Sprintf("trap %d", uint8(c))
}

// Trap is an invocation that ended because the guest did something it must not.
type Trap struct {
	Code    TrapCode
	Message string // more than the code says; may be empty
	Frames  []Frame
}

func (t *Trap) Error() string {
	if t.Message == "" {
		return "trap: " + t.Code.String()
	}
	if t.Code == TrapHost {
		return "trap: " + t.Message
	}
	return "trap: " + t.Code.String() + ": " + t.Message
}

// Exit is an invocation that ended by calling exit, with any code; zero too.
type Exit struct {
	Code int32
}

func (e *Exit) Error() string { return fmt.Sprintf("exit status %d", e.Code) }

// LimitKind names what ran out.
type LimitKind uint8

const (
	LimitMemory LimitKind = iota
	LimitDeadline
	LimitOutput
	LimitCancelled // not a quantity: the caller gave up
	LimitStack     // of the native stack; a guest's own overflow is a trap
	LimitTable
)

var limitNames = [...]string{"memory", "deadline", "output", "cancelled", "stack", "table"}

func (k LimitKind) String() string {
	if int(k) < len(limitNames) {
		return limitNames[k]
	}
	return fmt.Sprintf("limit %d", uint8(k))
}

// Limit is an invocation that was stopped because something ran out.
type Limit struct {
	Kind LimitKind
	// Allowed and Used are bytes, table elements, or nanoseconds for a
	// deadline. Used is what had been asked for when the guest was stopped.
	Allowed, Used uint64
	Frames        []Frame
}

func (l *Limit) Error() string {
	switch l.Kind {
	case LimitCancelled:
		return "cancelled"
	case LimitDeadline:
		return fmt.Sprintf("deadline: stopped after %v, %v allowed", time.Duration(l.Used).Round(10*time.Microsecond), time.Duration(l.Allowed))
	case LimitTable:
		return fmt.Sprintf("table limit: %d elements asked for, %d allowed", l.Used, l.Allowed)
	}
	used, allowed := FormatBytes(l.Used), FormatBytes(l.Allowed)
	if used == allowed {
		used, allowed = fmt.Sprintf("%d bytes", l.Used), fmt.Sprintf("%d", l.Allowed)
	}
	return fmt.Sprintf("%s limit: %s asked for, %s allowed", l.Kind, used, allowed)
}

// FormatBytes writes a size as people read it: "640 KiB", "1.5 GiB".
func FormatBytes(n uint64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, u := float64(n)/1024, 0
	for f >= 1024 && u < len(units)-1 {
		f /= 1024
		u++
	}
	s := fmt.Sprintf("%.1f", f)
	return strings.TrimSuffix(s, ".0") + " " + units[u:u+1] + "iB"
}

// MissingImport is one import that nothing provides, or not in this shape.
type MissingImport struct {
	Module, Name string
	Kind         string // "function", "memory", "table", "global" or "tag"
	Want         string // what the module asks for, such as "(i32) -> i32"
	Have         string // what is provided under that name; empty if nothing is
}

// LinkError lists every import of a module that does not fit.
type LinkError struct {
	Missing []MissingImport
}

// maxListed is how many imports the text of a LinkError lists.
const maxListed = 100

func (e *LinkError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d import(s) cannot be linked:", len(e.Missing))
	for i, m := range e.Missing {
		if i == maxListed {
			fmt.Fprintf(&b, "\n  … and %d more", len(e.Missing)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s %s.%s %s", m.Kind, m.Module, m.Name, m.Want)
		if m.Have != "" {
			fmt.Fprintf(&b, " (provided as %s)", m.Have)
		}
	}
	return b.String()
}

// InvalidModule is bytes that are not a module this runtime takes.
type InvalidModule struct {
	// Offset is where reading failed; -1 where the reason has no place.
	Offset int64
	Reason string
}

func (e *InvalidModule) Error() string {
	if e.Offset < 0 {
		return "not a valid WebAssembly module: " + e.Reason
	}
	return fmt.Sprintf("not a valid WebAssembly module: at offset 0x%x: %s", e.Offset, e.Reason)
}

// Limits bounds one invocation. A zero field means the engine's default, which
// the engine documents.
type Limits struct {
	Memory        uint64        // bytes of linear memory
	Timeout       time.Duration // wall clock
	Output        uint64        // bytes written to stdout, stderr and Faasm's output together
	TableElements uint64
	Stack         uint64 // bytes of native stack for guest frames
}

// CompileFailure is a module that the compiler did not get through.
type CompileFailure struct {
	// Memory, in bytes, or Time, on processors, is what it may take and would have
	// exceeded. Both are zero if the compiler broke down.
	Memory uint64
	Time   time.Duration
	Reason string // the compiler's last words; may be empty
}

func (e *CompileFailure) Error() string {
	switch {
	case e.Memory > 0:
		return fmt.Sprintf("compiling it takes more than %s of memory", FormatBytes(e.Memory))
	case e.Time > 0:
		return fmt.Sprintf("compiling it takes more than %v of processor time", e.Time)
	}
	return "the compiler broke down on it: " + e.Reason
}
