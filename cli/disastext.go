package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/listing"
	"github.com/faaslens/faaslens/native"
	"github.com/faaslens/faaslens/symbol"
)

// deepestIndent is how many blocks are shown by indentation.
const deepestIndent = 40

// text writes a function for people.
func (d *disassembly) text(f *listing.Function) error {
	if d.written > 1 {
		d.w.WriteByte('\n')
	} else if s := d.module.Samples; s != nil {
		fmt.Fprintf(d.w, "%s, self and total: %d in the whole profile\n\n", printable(s.Type+"/"+s.Unit), s.Total)
	}
	d.header(f)
	if d.flags.native {
		d.machine(f)
	} else {
		d.instructions(f)
	}
	_, err := d.w.Write(nil) // what has gone wrong before
	return err
}

// header says which function follows, in the form of 'symbols --lines'.
func (d *disassembly) header(f *listing.Function) {
	d.w.WriteString(d.counts(d.module.SumMachine(f.Machine)))
	switch {
	case f.Stub:
		fmt.Fprintf(d.w, "%s, %d bytes\n", printable(f.Name), f.NativeEnd-f.NativeStart)
		return
	case f.Name == f.Number:
		d.w.WriteString(f.Number)
	default:
		d.w.WriteString(f.Number + " = " + printable(f.Name))
	}
	if f.File != "" {
		d.w.WriteString(" at " + printable(place(d.sources.path(f.File), f.Line, 0)))
	}
	fmt.Fprintf(d.w, ", %d bytes", f.Size())
	if d.flags.native {
		fmt.Fprintf(d.w, ", %d of machine code", f.NativeEnd-f.NativeStart)
	}
	if f.Type != "" {
		d.w.WriteString(": " + f.Type)
	}
	d.w.WriteByte('\n')
}

// counts is the columns of samples before a line; empty without a profile.
func (d *disassembly) counts(c listing.Count) string {
	if d.module.Samples == nil {
		return ""
	}
	column := func(n int64) string {
		if n == 0 {
			return strings.Repeat(" ", 8)
		}
		return fmt.Sprintf("%8d", n)
	}
	return column(c.Self) + column(c.Total) + "  "
}

// instructions writes wasm instructions, between source lines if they are wanted.
func (d *disassembly) instructions(f *listing.Function) {
	keys := make([]string, len(f.Instructions))
	for i := range keys {
		if d.flags.source {
			keys[i] = d.sourceKey(keys[:i], f.Instructions[i].Offset)
		}
	}
	for i, n := 0, 0; i < len(keys); i += n {
		n = run(keys[i:])
		if d.flags.source {
			d.place(d.calls(f.Instructions[i].Offset).calls, d.module.Sum(f.Instructions[i:i+n]))
		}
		for _, in := range f.Instructions[i : i+n] {
			fmt.Fprintf(d.w, "%s%8x  %s%s\n", d.counts(in.Count), uint64(in.Code), strings.Repeat("  ", min(in.Depth, deepestIndent)), printable(in.Text))
		}
	}
}

// run is how many keys at the start are the same.
func run(keys []string) int {
	n := 1
	for n < len(keys) && keys[n] == keys[0] {
		n++
	}
	return n
}

// sourceKey is the same for code of the same lines. Code that the compiler gives no line
// belongs to what is before it.
func (d *disassembly) sourceKey(before []string, at guest.FileOffset) string {
	o := d.calls(at)
	if (len(o.calls) == 0 || o.calls[0].Line == 0 && o.calls[0].File != "") && len(before) > 0 {
		return before[len(before)-1]
	}
	return o.key
}

// place writes where code comes from, the innermost call first, and its source line.
func (d *disassembly) place(calls []symbol.Location, c listing.Count) {
	blank := d.counts(listing.Count{})
	for i, l := range calls {
		lead := blank
		if i == 0 {
			lead = d.counts(c)
		}
		text := printable(l.Function)
		if l.File != "" {
			text += " at " + printable(place(d.sources.path(l.File), l.Line, 0))
		}
		if l.Inlined {
			text += " (inlined)"
		}
		fmt.Fprintf(d.w, "%s;; %s\n", lead, text)
	}
	if len(calls) == 0 {
		return
	}
	file := d.sources.path(calls[0].File)
	if file == calls[0].File && !filepath.IsAbs(file) {
		return // relative to a directory that is not known
	}
	if text, note, ok := d.files.line(file, calls[0].Line); ok {
		if note != "" {
			fmt.Fprintf(d.w, "%s;; (%s)\n", blank, printable(note))
		}
		fmt.Fprintln(d.w, strings.TrimRight(fmt.Sprintf("%s;; %5d | %s", blank, calls[0].Line, text), " "))
	}
}

// machine writes machine code, between the wasm instructions or the source lines that it
// comes from.
func (d *disassembly) machine(f *listing.Function) {
	texts := make(map[guest.FileOffset]*listing.Instruction, len(f.Instructions))
	for i := range f.Instructions {
		texts[f.Instructions[i].Offset] = &f.Instructions[i]
	}
	keys := make([]string, len(f.Machine))
	for i := range keys {
		keys[i] = d.machineKey(keys[:i], &f.Machine[i])
	}
	for i, n := 0, 0; i < len(keys); i += n {
		n = run(keys[i:])
		if !f.Stub {
			d.machineOrigin(f, &f.Machine[i], texts, d.module.SumMachine(f.Machine[i:i+n]))
		}
		for k := range f.Machine[i : i+n] {
			d.machineLine(&f.Machine[i+k])
		}
	}
}

// machineKey is the same for machine code that is shown as coming from one place.
func (d *disassembly) machineKey(before []string, in *listing.Machine) string {
	switch {
	case in.Kind == native.Data:
		return "data"
	case in.Place == codemap.NoPlace && (len(before) == 0 || before[len(before)-1] == "start"):
		return "start"
	case d.flags.source:
		return d.sourceKey(before, in.Near)
	}
	return fmt.Sprint(in.Near)
}

// machineOrigin writes what machine code comes from.
func (d *disassembly) machineOrigin(f *listing.Function, in *listing.Machine, texts map[guest.FileOffset]*listing.Instruction, c listing.Count) {
	switch {
	case in.Kind == native.Data:
		fmt.Fprintf(d.w, "%s;; data\n", d.counts(c))
	case in.Place == codemap.NoPlace && in.Offset == f.NativeStart || in.Near == codemap.NoPlace:
		return // what sets up the function's frame
	case d.flags.source:
		d.place(d.calls(in.Near).calls, c)
	default:
		code, _ := d.module.Module.CodeOffset(in.Near)
		text := "the function's start"
		if t := texts[in.Near]; t != nil {
			text = t.Text
		}
		fmt.Fprintf(d.w, "%s;; %x  %s\n", d.counts(c), uint64(code), printable(text))
	}
}

func (d *disassembly) machineLine(in *listing.Machine) {
	fmt.Fprintf(d.w, "%s%8x  ", d.counts(in.Count), in.Offset)
	if d.flags.bytes {
		fmt.Fprintf(d.w, "%-31s", fmt.Sprintf("% x", d.module.Compiled.Image[in.Offset:min(in.End(), in.Offset+10)]))
		if in.Size > 10 {
			d.w.WriteString("… ")
		} else {
			d.w.WriteString("  ")
		}
	}
	d.w.WriteString(in.Text)
	switch {
	case in.Goes != "":
		d.w.WriteString(" <" + printable(in.Goes) + ">")
	case in.HasTarget && in.Kind == native.Plain:
		fmt.Fprintf(d.w, " <0x%x>", in.Target)
	}
	if in.Trap != "" {
		d.w.WriteString("  ; traps: " + in.Trap)
	}
	d.w.WriteByte('\n')
}
