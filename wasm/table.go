package wasm

import "slices"

// Table is a table's type.
type Table struct {
	Elem ValueType // a reference type
	Limits
	HasInit bool
	Init    Const // of each element, with HasInit; null without
}

// tableWithInit marks a table whose elements start with a value of their own.
const tableWithInit = 0x40

// String returns the type for people: "10 to 20 funcref".
func (t Table) String() string {
	return t.Limits.format(t.Elem.String()) + t.Limits.flags()
}

// tables reads the table section.
func (p *parser) tables(r *reader) {
	n := r.count("tables", 3, maxTables)
	p.m.Tables = slices.Grow(p.m.Tables, n)
	for i := 0; i < n && r.ok(); i++ {
		if r.peek() != tableWithInit {
			p.m.Tables = append(p.m.Tables, r.tableType())
			continue
		}
		r.byte("a table")
		start := r.pos
		if c := r.byte("a table"); c != 0 {
			r.failAt(start, "a table with an initial value has the reserved byte 0x%02x; it must be 0", c)
		}
		t := r.tableType()
		t.HasInit, t.Init = true, r.constExpr("a table's initial value")
		p.m.Tables = append(p.m.Tables, t)
	}
}

func (r *reader) tableType() Table {
	t := Table{Elem: r.refType("a table's element type")}
	t.Limits, _ = r.limits("table", limitHasMax|limitShared|limitIs64)
	return t
}
