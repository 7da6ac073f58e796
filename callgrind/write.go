package callgrind

import (
	"fmt"
	"io"
)

// writer writes a profile. Errors are the buffer's to remember.
type writer struct {
	w      io.Writer
	names  map[string]map[string]int
	now    place
	begun  bool
	totals string
}

// name is a name with its number, or only that if it has been said.
func (o *writer) name(kind, name string) string {
	if name == "" {
		name = unknown
	}
	n, ok := o.names[kind][name]
	if ok {
		return fmt.Sprintf("(%d)", n)
	}
	n = len(o.names[kind]) + 1
	o.names[kind][name] = n
	return fmt.Sprintf("(%d) %s", n, name)
}

// move says where what follows stands.
func (o *writer) move(to place) {
	if !o.begun || to.object != o.now.object || to.file != o.now.file || to.function != o.now.function {
		if o.begun {
			fmt.Fprintln(o.w)
		}
		if !o.begun || to.object != o.now.object {
			fmt.Fprintf(o.w, "ob=%s\n", o.name(objectNames, to.object))
		}
		fmt.Fprintf(o.w, "fl=%s\nfn=%s\n", o.name(fileNames, to.file), o.name(functionNames, to.function))
		o.now.at = to.file
	}
	if to.at != o.now.at {
		kind := "fi"
		if to.at == to.file {
			kind = "fe"
		}
		fmt.Fprintf(o.w, "%s=%s\n", kind, o.name(fileNames, to.at))
	}
	o.now, o.begun = to, true
}

func (o *writer) cost(at place, cost []uint64) {
	o.move(at)
	o.costs(at, cost)
}

func (o *writer) costs(at place, cost []uint64) {
	fmt.Fprintf(o.w, "0x%x %d", at.address, at.line)
	for _, c := range cost {
		fmt.Fprintf(o.w, " %d", c)
	}
	fmt.Fprintln(o.w)
}

func (o *writer) call(at, to place, count uint64, cost []uint64) {
	o.move(at)
	fmt.Fprintf(o.w, "cob=%s\ncfi=%s\ncfn=%s\n", o.name(objectNames, to.object), o.name(fileNames, to.file), o.name(functionNames, to.function))
	fmt.Fprintf(o.w, "calls=%d 0x%x %d\n", count, to.address, to.line)
	o.costs(at, cost)
}
