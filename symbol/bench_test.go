package symbol_test

import (
	"math/rand/v2"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
)

// BenchmarkFirstAddress measures what the first address in a module costs.
func BenchmarkFirstAddress(b *testing.B) {
	m := build{"symbols/shapes.rs", "2", nil}.module(b)
	code, _ := m.CodeSection()
	b.ReportAllocs()
	for b.Loop() {
		symbol.Open(symbol.Source{Module: m}).At(guest.CodeOffset(code.Size / 2))
	}
}

// BenchmarkAddress measures random addresses, once all units have been read.
func BenchmarkAddress(b *testing.B) {
	m := build{"symbols/shapes.rs", "2", nil}.module(b)
	code, _ := m.CodeSection()
	table := symbol.Open(symbol.Source{Module: m})
	for range table.Functions() {
	}
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	for b.Loop() {
		table.At(guest.CodeOffset(random.Uint64N(code.Size)))
	}
}
