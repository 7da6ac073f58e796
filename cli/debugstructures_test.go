package cli

import (
	"strings"
	"testing"
)

func testGDBShowsObjects(t *testing.T, dir string) {
	out := debugger(t, dir, ask("gdb", "t/zoo0", []string{"Spider::legs"}, []string{
		"p *__this", "p motto", "finish", "break move", "continue", "backtrace 2", "finish",
	})...)
	wants(t, out, `\$1 = \{<Animal> = \{_vptr\$Animal = \(int \(\*\*\)\(void\)\) 0x[0-9a-f]+, name_ = "a spider whose name is long"\}, `+
		`seen_ = len 2 = \{\{row = 1, column = 2\}, \{row = 3, column = 4\}\}\}`,
		`\$2 = 0x[0-9a-f]+ "count twice"`, `Value returned is \$3 = 8`,
		`Thread .* hit Breakpoint 2(\.\d+)?, move \(by=8, why=\(const std::__2::string &\) @0x[0-9a-f]+: "food", context=\(void \*\) 0x`,
		`#0  move \(by=8, why=`, `.* in main \(\) at `)
	if n := strings.Count(out, "Value returned is"); n != 1 {
		t.Errorf("of a structure, gdb shows what is in a register:\n%s", out)
	}
}

// Where gdb stops at a function's first instruction, arguments are in their registers.
func testGDBHasArgumentsFromTheStart(t *testing.T, dir string) {
	out := debugger(t, dir, ask("gdb", "t/globals2", []string{"visit"}, nil)...)
	wants(t, out, `Thread .* hit Breakpoint 1, visit \(n=1\) at `)
}

func testGDBShowsBlocksOfRust(t *testing.T, dir string) {
	out := debugger(t, dir, ask("gdb", "t/zoorust0", []string{"zoo.rs:15"}, []string{"info locals", "step", "finish"})...)
	wants(t, out, `Thread .* hit Breakpoint 1(\.\d+)?, zoo::main \(\) at `, `words = len 3 = \{"a", "abc", "ab"\}`)
	if strings.Contains(out, "Value returned is") {
		t.Errorf("of a &str, gdb shows what is in a register:\n%s", out)
	}
	out = debugger(t, dir, ask("gdb", "t/zoorust2", []string{"zoo::longest"}, []string{"backtrace"})...)
	wants(t, out, `Thread .* hit Breakpoint 1`, `#0  <core::slice::iter::Iter<T> as core::iter::traits::iterator::Iterator>::next \(self=`, `#\d+ .*zoo::longest \(words=`, `#\d+ .* in zoo::main \(\) at `)
	if strings.Contains(out, "Internal error") || strings.Contains(out, "Python Exception") {
		t.Errorf("gdb is not content with the debug information:\n%s", out)
	}
}

func testLLDBInventsNoStructures(t *testing.T, dir string) {
	for _, version := range []string{"lldb-19", "lldb-22"} {
		out := debugger(t, dir, use(version, ask("lldb", "t/zoo0", []string{"Spider::legs"}, []string{
			"frame variable *__this", "finish", "b move", "continue", "finish",
		}))...)
		wants(t, out, `.*Animal = \(name_ = "a spider whose name is long"\)`, `.*seen_ = size=2 \{`, `.*\[1\] = \(row = 3, column = 4\)`,
			`Return value: \(int\) .* = 8`, `frame #0: .* at zoo.cpp:4[45]`)
		if n := strings.Count(out, "Return value:"); n != 1 {
			t.Errorf("%s shows of a structure what is in a register:\n%s", version, out)
		}
	}
}

// The host has a function named main too, which runs first.
func testLLDBStopsInGuestsOnly(t *testing.T, dir string) {
	for _, version := range []string{"lldb-19", "lldb-22"} {
		out := debugger(t, dir, use(version, ask("lldb", "t/zoo0", []string{"main"}, []string{"wasm backtrace", "target variable motto"}))...)
		wants(t, out, `Breakpoint 1: `, `.*stop reason = breakpoint 1\.`, `#0  main at `, `.*motto = 0x[0-9a-f]+ "count twice"`)
	}
}
