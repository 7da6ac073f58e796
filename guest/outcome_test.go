package guest

import (
	"testing"
	"time"
)

func TestEndingsInWords(t *testing.T) {
	for want, err := range map[string]error{
		"trap: unreachable executed":                             &Trap{Code: TrapUnreachable},
		"trap: env.x is not provided":                            &Trap{Code: TrapHost, Message: "env.x is not provided"},
		"trap: stack in memory exhausted: it has 96 KiB":         &Trap{Code: TrapLinearStackOverflow, Message: "it has 96 KiB"},
		"exit status 3":                                          &Exit{Code: 3},
		"cancelled":                                              &Limit{Kind: LimitCancelled},
		"deadline: stopped after 20.12ms, 20ms allowed":          &Limit{Kind: LimitDeadline, Allowed: uint64(20 * time.Millisecond), Used: 20_123_456},
		"memory limit: 64.1 MiB asked for, 64 MiB allowed":       &Limit{Kind: LimitMemory, Allowed: 64 << 20, Used: 64<<20 + 1<<16},
		"output limit: 1048700 bytes asked for, 1048576 allowed": &Limit{Kind: LimitOutput, Allowed: 1 << 20, Used: 1<<20 + 124},
		"table limit: 600000 elements asked for, 500000 allowed": &Limit{Kind: LimitTable, Allowed: 500_000, Used: 600_000},
		"not a valid WebAssembly module: at offset 0x1a: no":     &InvalidModule{Offset: 26, Reason: "no"},
		"not a valid WebAssembly module: empty":                  &InvalidModule{Offset: -1, Reason: "empty"},
		"2 import(s) cannot be linked:\n  function env.a (i32) -> i32\n  function env.b () (provided as (i64))": &LinkError{Missing: []MissingImport{
			{Module: "env", Name: "a", Kind: "function", Want: "(i32) -> i32"},
			{Module: "env", Name: "b", Kind: "function", Want: "()", Have: "(i64)"},
		}},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	for c := TrapHost; c <= TrapOther; c++ {
		if c.String() == "" {
			t.Errorf("trap %d has no name", c)
		}
	}
}

func TestSizesInWords(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 640 << 10: "640 KiB", 1 << 30: "1 GiB", 1<<64 - 1: "16 EiB"} {
		if got := FormatBytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestValuesAndTypes(t *testing.T) {
	if ValueI32(-1).I32() != -1 || ValueI32(-1).U64() != 0xffffffff || ValueI64(-2).I64() != -2 || ValueF32(1.5).F32() != 1.5 || ValueF64(-2.25).F64() != -2.25 {
		t.Error("a value did not come back")
	}
	ft := FuncType{Params: []ValueType{I32, F64}, Results: []ValueType{I64, V128}}
	if ft.String() != "(i32, f64) -> (i64, v128)" || !ft.Equal(ft) || ft.Equal(FuncType{}) {
		t.Errorf("got %v", ft)
	}
}
