package symbol

import "testing"

func TestRustsOlderNamesAreReadWhole(t *testing.T) {
	for mangled, want := range map[string]string{
		"_ZN3std10sys_common9backtrace28__rust_begin_short_backtrace17h3fbc1d532aef627aE": "std::sys_common::backtrace::__rust_begin_short_backtrace",
		"_ZN4core3str21_$LT$impl$u20$str$GT$12trim_matches17hee6dfe3eb4326cb3E":           "core::str::<impl str>::trim_matches",
		"_ZN1a1_2_b17h0123456789abcdefE":                                                  "a::_::_b",
		"_ZN1a3__b17h0123456789abcdefE":                                                   "a::__b",
		"_ZN2_a1b.llvm.7":                                                                 "_ZN2_a1b.llvm.7",
		"_ZN1a2_fC1Ev":                                                                    "a::_f::_f()",
		"__rust_begin_unwind":                                                             "__rust_begin_unwind",
		"_ZN9a17h0123456789abcdefE":                                                       "_ZN9a17h0123456789abcdefE",
		"_ZN9_17h0123456789abcdefE":                                                       "_ZN9_17h0123456789abcdefE",
	} {
		if have := demangleName(mangled); have != want {
			t.Errorf("%s\n is %s\nnot %s", mangled, have, want)
		}
	}
}
