package worker

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/wasm"
)

// writeBacktrace answers __faasm_backtrace as Faasm does: with what is known of the
// module and with the stack, without its depth innermost frames, on the stdout of
// whoever runs the function. The guest's own buffered output comes later.
//
// The form is Faasm's, with each frame's place in the source added. The number behind
// a function's name is bytes from the start of its body here, where Faasm counts
// operators.
func (c *call) writeBacktrace(depth int32, h *hostcall.Call) error {
	f := c.function
	frames := f.backtraceIn(h.Guest, int(depth))
	f.logBacktrace(h.Guest.Context(), frames)

	var b bytes.Buffer
	f.writeModuleInfo(&b, uint64(len(h.Memory)), c.wasi.OpenPaths())
	b.WriteString("\n------ Faasm backtrace ------\n")
	for _, l := range Fold(frames) {
		if l.Period > 0 {
			b.WriteString("… " + l.Note() + "\n")
			continue
		}
		f.writeFaasmFrame(&b, &l.Frame)
	}
	b.WriteString(backtraceEnd)
	_, err := c.stdout.Write(b.Bytes())
	return err
}

const backtraceEnd = "-------------------------------\n"

func (f *Function) writeFaasmFrame(b *bytes.Buffer, fr *Frame) {
	name := fr.Function
	imported := f.Module().NumImportedFuncs()
	number := int(fr.Func) - imported
	if name == "" || name == fmt.Sprintf("functionDef%d", number) {
		name = fmt.Sprintf("<function #%d>", number)
	}
	offset := guest.FileOffset(0)
	if body, ok := f.Module().Body(fr.Func); ok && fr.Offset >= body.Offset {
		offset = fr.Offset - body.Offset
	}
	if fr.Language != "" {
		fmt.Fprintf(b, "%s!%s!%s", fr.Language, f.Name, fr.Function)
	} else {
		fmt.Fprintf(b, "wasm!%s!%s+%d", f.Name, name, offset)
	}
	if fr.File != "" {
		fmt.Fprintf(b, " at %s:%d:%d", fr.File, fr.Line, fr.Column)
	}
	if fr.Inlined {
		b.WriteString(" (inlined)")
	}
	b.WriteByte('\n')
}

// writeModuleInfo writes Faasm's block about a module.
func (f *Function) writeModuleInfo(b *bytes.Buffer, memory uint64, open []string) {
	l := layoutOf(f.original, memory)
	size := func(name string, n uint64) {
		fmt.Fprintf(b, "%-20s%.3f MiB (%d bytes)\n", name+":", float64(n)/(1<<20), n)
	}
	b.WriteString("\n------ Module debug info ------\n")
	fmt.Fprintf(b, "%-20s%s\n", "Bound user:", f.Name.User)
	fmt.Fprintf(b, "%-20s%s\n", "Bound function:", f.Name.Function)
	fmt.Fprintf(b, "%-20s%d\n", "Stack pointer:", l.stackPointer)
	size("Total memory", memory)
	size("Stack size", l.stackPointer-l.stackStart)
	size("Data size", l.dataEnd-l.dataStart)
	size("Heap size", memory-l.heapStart)
	fmt.Fprintf(b, "%-20s%d - %d\n", "Stack range:", l.stackStart, l.stackPointer)
	fmt.Fprintf(b, "%-20s%d - %d\n", "Data range:", l.dataStart, l.dataEnd)
	fmt.Fprintf(b, "%-20s%d - %d\n", "Heap range:", l.heapStart, memory)
	fmt.Fprintf(b, "%-20s%d\n", "Table size:", l.table)
	fmt.Fprintf(b, "%-20s%d\n", "Dynamic modules:", 0)
	b.WriteString("--- Open file descriptors ---\n")
	for _, p := range open {
		fmt.Fprintf(b, "    %s\n", p)
	}
	b.WriteString(backtraceEnd)
}

// layout is where a module's stack, data and heap are in its memory, as wasm-ld lays
// them out: the stack first and data behind it, or the other way round.
type layout struct {
	stackStart, stackPointer uint64 // where the stack ends, and where it starts from
	dataStart, dataEnd       uint64
	heapStart                uint64
	table                    uint64 // elements
}

// layoutOf tells the layout by what the module exports and by its data segments, as
// far as they lie in a memory of that size.
func layoutOf(m *wasm.Module, memory uint64) layout {
	var l layout
	l.dataStart = memory
	for _, d := range m.Data {
		if d.Mode != wasm.SegmentActive || d.Memory != 0 || !d.Offset.Known {
			continue
		}
		start := min(uint64(d.Offset.Value.U32()), memory)
		l.dataStart = min(l.dataStart, start)
		l.dataEnd = max(l.dataEnd, min(start+uint64(d.Size), memory))
	}
	if end, ok := globalValue(m, "__data_end"); ok {
		l.dataEnd = max(l.dataEnd, min(end, memory)) // with what is zero at the start
	}
	l.dataStart = min(l.dataStart, l.dataEnd)
	l.stackPointer = min(initialStackPointer(m), memory)
	l.heapStart = max(l.dataEnd, l.stackPointer)
	if l.stackPointer > l.dataStart {
		l.stackStart = min(l.dataEnd, l.stackPointer)
	}
	if base, ok := globalValue(m, "__heap_base"); ok {
		l.heapStart = min(base, memory)
	}
	if len(m.Tables) > 0 {
		l.table = m.Tables[0].Min
	}
	return l
}

// globalValue is what an exported global starts with.
func globalValue(m *wasm.Module, name string) (uint64, bool) {
	x, ok := m.Export(name)
	if !ok || x.Kind != wasm.KindGlobal || int64(x.Index) >= int64(len(m.Globals)) || !m.Globals[x.Index].Init.Known {
		return 0, false
	}
	return uint64(m.Globals[x.Index].Init.Value.U32()), true
}

// initialStackPointer is where the stack in memory starts; 0 if there is none. Where
// it is not exported it is the first global that can change, as LLVM has it.
func initialStackPointer(m *wasm.Module) uint64 {
	if v, ok := globalValue(m, "__stack_pointer"); ok {
		return v
	}
	for _, g := range m.Globals {
		if g.Mutable && g.Init.Known {
			return uint64(g.Init.Value.U32())
		}
	}
	return 0
}

// loggedFrame is a frame as the log has it.
type loggedFrame struct {
	Name       string `json:"name"`
	File       string `json:"file,omitempty"`
	Line       int    `json:"line,omitempty"`
	Column     int    `json:"column,omitempty"`
	Inlined    bool   `json:"inlined,omitempty"`
	Language   string `json:"language,omitempty"`
	Function   uint32 `json:"function"`
	CodeOffset uint64 `json:"code_offset"`
}

// maxLogged bounds the frames of one entry of the log.
const maxLogged = 256

func (f *Function) logBacktrace(ctx context.Context, frames []Frame) {
	log := f.worker.cfg.Log
	if !log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	logged := make([]loggedFrame, 0, min(len(frames), maxLogged))
	for _, fr := range frames[:min(len(frames), maxLogged)] {
		logged = append(logged, loggedFrame{fr.Function, fr.File, fr.Line, fr.Column, fr.Inlined, fr.Language, uint32(fr.Func), uint64(fr.Code)})
	}
	log.LogAttrs(ctx, slog.LevelDebug, "backtrace",
		slog.String("function", f.Name.String()), slog.Int("depth", len(frames)), slog.Any("frames", logged))
}
