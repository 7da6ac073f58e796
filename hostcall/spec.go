package hostcall

import (
	"fmt"

	"github.com/faaslens/faaslens/guest"
)

// Kind is the shape of one parameter.
type Kind uint8

const (
	Int32      Kind = iota // a number; Show may name it
	Int64                  // a number; Show may name it
	In                     // pointer to Size bytes that the call reads
	Out                    // pointer to Size bytes that the call writes
	InBytes                // pointer and length: bytes that the call reads
	OutBytes               // pointer and length: a buffer that the call fills from its start
	InVec                  // pointer and count of (pointer, length) pairs that the call reads
	OutVec                 // pointer and count of (pointer, length) pairs that the call fills in order
	InArray                // pointer and count of records of Size bytes that the call reads
	CString                // pointer to bytes that end with a NUL, which the call reads
	Pointer                // pointer to an extent only the call knows: it uses Call.Slice
	Float64                // a number
	InRecords              // pointer to records of Size bytes that the call reads; parameter Count has their number
	OutRecords             // pointer to records of Size bytes that the call fills from their start; likewise
)

// maxVec bounds the pairs of one InVec or OutVec: as many as POSIX's IOV_MAX on
// Linux.
const maxVec = 1024

// maxParams bounds the parameters of a call.
const maxParams = 10

// Param describes one parameter, which stands for one or two WebAssembly
// arguments.
type Param struct {
	Name string
	Kind Kind
	// Size is the bytes of an In or Out, or of one record of an InArray, InRecords
	// or OutRecords.
	Size uint32
	// Count is the index in Spec.Params of the Int32 that holds the number of an
	// InRecords or OutRecords.
	Count int
	// Show writes a number for a trace; nil writes it in decimal.
	Show func(uint64) string
	// ShowBytes writes what an In, Out, InBytes or OutBytes, an array or records
	// point to for a trace; nil writes a quoted string for bytes and a
	// little-endian number for an In or Out of up to eight bytes.
	ShowBytes func([]byte) string

	at int // index of the first WebAssembly argument
}

// Result describes what a call returns. The zero Result is nothing.
type Result struct {
	Type guest.ValueType // 0 for nothing, else I32, I64 or F64
	// Show writes the result for a trace; nil writes it as a signed number.
	Show func(uint64) string
}

// Spec describes one host call.
type Spec struct {
	Module, Name string
	Params       []Param
	Result       Result
	// FaultResult is returned, and Do not run, when a pointer leads outside
	// the memory. Zero makes such a pointer a trap.
	FaultResult uint64
	// Do runs the call. An error ends the invocation: a *guest.Exit, a
	// *guest.Trap, a *guest.Limit, or any other, which becomes a trap with
	// its text.
	Do func(*Call) error

	set       int // index of the set, which finds the state
	npointers int
	pointers  [maxParams]pointer // the parameters that are not plain numbers, in order
	at        [maxParams]uint8   // of each parameter: the index of its first WebAssembly argument
}

// pointer is what every call needs of a parameter that it resolves.
type pointer struct {
	size  uint32 // of an In or Out; 0 for what is resolved by its kind
	param uint8  // its index
	at    uint8  // of its first WebAssembly argument
}

// Type is the call's WebAssembly signature.
func (s *Spec) Type() guest.FuncType {
	var t guest.FuncType
	for _, p := range s.Params {
		switch p.Kind {
		case Int64:
			t.Params = append(t.Params, guest.I64)
		case Float64:
			t.Params = append(t.Params, guest.F64)
		case InBytes, OutBytes, InVec, OutVec, InArray:
			t.Params = append(t.Params, guest.I32, guest.I32)
		default:
			t.Params = append(t.Params, guest.I32)
		}
	}
	if s.Result.Type != 0 {
		t.Results = []guest.ValueType{s.Result.Type}
	}
	return t
}

// prepare fills in what follows from the description, and reports a mistake in
// it.
func (s *Spec) prepare(set int) error {
	if len(s.Params) > maxParams {
		return fmt.Errorf("host call %s.%s: %d parameters, at most %d", s.Module, s.Name, len(s.Params), maxParams)
	}
	if s.Do == nil {
		return fmt.Errorf("host call %s.%s: nothing to run", s.Module, s.Name)
	}
	params := make([]Param, len(s.Params))
	copy(params, s.Params)
	at := 0
	for i := range params {
		p := &params[i]
		p.at = at
		s.at[i] = uint8(at)
		switch p.Kind {
		case In, Out, InArray, InRecords, OutRecords:
			if p.Size == 0 {
				return fmt.Errorf("host call %s.%s: parameter %s has no size", s.Module, s.Name, p.Name)
			}
		}
		switch p.Kind {
		case InRecords, OutRecords:
			if p.Count < 0 || p.Count >= len(params) || params[p.Count].Kind != Int32 {
				return fmt.Errorf("host call %s.%s: parameter %s has no count: Count must be the index of an Int32", s.Module, s.Name, p.Name)
			}
		}
		switch p.Kind {
		case InBytes, OutBytes, InVec, OutVec, InArray:
			at += 2
		default:
			at++
		}
	}
	s.Params = params
	s.set = set
	s.preparePointers()
	return nil
}

// preparePointers picks the parameters that are to be resolved at every call.
func (s *Spec) preparePointers() {
	s.npointers = 0
	for i := range s.Params {
		p := &s.Params[i]
		q := pointer{param: uint8(i), at: uint8(p.at)}
		switch p.Kind {
		case Int32, Int64, Float64, Pointer:
			continue
		case In, Out:
			q.size = p.Size
		}
		s.pointers[s.npointers] = q
		s.npointers++
	}
}

// Set is a group of calls that share one state per invocation.
type Set struct {
	Specs []Spec
}

// Table finds calls by import.
type Table struct {
	byName map[importKey]*Spec
	sets   int
}

type importKey struct{ module, name string }

// NewTable joins sets. The states of an invocation are given in the same order. It
// reports a mistaken description or a call described twice.
func NewTable(sets ...Set) (*Table, error) {
	t := &Table{byName: make(map[importKey]*Spec), sets: len(sets)}
	for i, set := range sets {
		for j := range set.Specs {
			s := set.Specs[j]
			if err := s.prepare(i); err != nil {
				return nil, err
			}
			k := importKey{s.Module, s.Name}
			if t.byName[k] != nil {
				return nil, fmt.Errorf("host call %s.%s is described twice", s.Module, s.Name)
			}
			t.byName[k] = &s
		}
	}
	return t, nil
}

// Lookup returns the call that an import names, or nil.
func (t *Table) Lookup(module, name string) *Spec {
	return t.byName[importKey{module, name}]
}

// Sets is the number of sets, and so of states that an invocation brings.
func (t *Table) Sets() int { return t.sets }

// Unprovided returns a call of the given signature that traps with "MODULE.NAME is
// not provided" and, if a hint is given, the hint behind it.
func Unprovided(module, name string, t guest.FuncType, hint string) *Spec {
	message := module + "." + name + " is not provided"
	if hint != "" {
		message += ": " + hint
	}
	s := &Spec{Module: module, Name: name, Do: func(*Call) error {
		return &guest.Trap{Code: guest.TrapHost, Message: message}
	}}
	return s
}
