package faasm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/guest"
)

// exportsOf reads "name:signature" pairs, with the letters of the known imports.
func exportsOf(s string) map[string]guest.FuncType {
	m := make(map[string]guest.FuncType)
	for field := range strings.FieldsSeq(s) {
		name, signature, _ := strings.Cut(field, "=")
		m[name] = parseSignature(signature)
	}
	return m
}

func TestPlanOrdersWhatTheModuleExports(t *testing.T) {
	tests := []struct{ name, exports, want string }{
		{"a Faasm function", "_start=: __wasm_call_ctors=: _faasm_zygote=:i __wasm_call_dtors=: malloc=i:i",
			"constructors __wasm_call_ctors, zygote _faasm_zygote -> code, main _start, destructors __wasm_call_dtors"},
		{"a Faasm function without zygote and destructors", "_start=: __wasm_call_ctors=:",
			"constructors __wasm_call_ctors, main _start"},
		{"a plain command keeps its constructors and destructors to itself", "_start=: __wasm_call_dtors=:", "main _start"},
		{"a zygote in a plain command", "_start=: _faasm_zygote=:i", "zygote _faasm_zygote -> code, main _start"},
		{"a zygote without a result", "_start=: _faasm_zygote=:", "zygote _faasm_zygote, main _start"},
		{"a command is not initialised as a reactor", "_start=: _initialize=:", "main _start"},
		{"a reactor with Faasm's entry", "_initialize=: __wasm_call_ctors=: _faasm_main=:i",
			"constructors _initialize, main _faasm_main -> code"},
		{"a bare main", "main=:i other=:", "main main -> code"},
		{"a main with arguments gets none", "main=ii:i", "main main(0, 0) -> code"},
		{"a start with a result", "_start=:i", "main _start -> code"},
		{"the best of several entries", "main=ii:i __main_void=:i _start=:", "main _start"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			steps, err := Plan(exportsOf(tt.exports))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range steps {
				line := s.Role.String() + " " + s.Export
				if len(s.Args) > 0 {
					line += "(" + strings.TrimSuffix(strings.Repeat("0, ", len(s.Args)), ", ") + ")"
				}
				if s.Returns {
					line += " -> code"
				}
				got = append(got, line)
			}
			if s := strings.Join(got, ", "); s != tt.want {
				t.Errorf("plan: %s\nwant: %s", s, tt.want)
			}
		})
	}
}

func TestAnExportThatPreparesComesBeforeTheFunction(t *testing.T) {
	const exports = "_start=: __wasm_call_ctors=: _faasm_zygote=:i prepare=:i silent=: some=i:i"
	for _, c := range []struct{ warm, want string }{
		{"", "__wasm_call_ctors _faasm_zygote _start"},
		{"prepare", "__wasm_call_ctors _faasm_zygote prepare _start"},
		{"silent", "__wasm_call_ctors _faasm_zygote silent _start"},
		{"some", "plan invocation: the module exports some as (i32) -> i32, which cannot be its warm-up: want no parameters, without or with an i32 as result"},
		{"none", "plan invocation: the module does not export a function none, which shall prepare it: link it with -Wl,--export=none"},
		{"_start", "plan invocation: _start is called in each invocation as the module's main: it cannot prepare it too"},
	} {
		steps, err := PlanWarm(exportsOf(exports), c.warm)
		var names []string
		for _, s := range steps {
			names = append(names, s.Export)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q: %s\nwant %s", c.warm, got, c.want)
		}
	}
	failed := Step{Role: Warm, Export: "prepare", Returns: true}
	if _, err := failed.Code(guest.ValueI32(3)); err == nil || err.Error() != "prepare failed (return value 3)" {
		t.Errorf("an export that failed: %v", err)
	}
}

func TestDestructorsRunWhereConstructorsHaveRun(t *testing.T) {
	for exports, want := range map[string]int{"_start=: __wasm_call_dtors=:": 2, "_start=:": 1, "_start=: __wasm_call_ctors=: __wasm_call_dtors=:": 3} {
		steps, err := Plan(exportsOf(exports))
		if got := WithDestructors(steps, exportsOf(exports)); err != nil || len(got) != want {
			t.Errorf("%s: %v, %v; want %d steps", exports, got, err, want)
		}
	}
}

func TestPlanRefusesModulesItCannotRun(t *testing.T) {
	tests := []struct{ name, exports, want string }{
		{"no entry", "malloc=i:i _faasm_zygote=:i",
			"plan invocation: the module exports none of _start, _faasm_main, main, __main_void, __main_argc_argv, __original_main: build it as a program with a main function"},
		{"a start with parameters", "_start=ii:",
			"plan invocation: the module exports _start as (i32, i32), which cannot be its main: want no parameters, without or with an i32 as result"},
		{"a main of one parameter", "main=i:i",
			"plan invocation: the module exports main as (i32) -> i32, which cannot be its main: want no parameters or 2 times i32, without or with an i32 as result"},
		{"a zygote of another type", "_start=: _faasm_zygote=:I",
			"plan invocation: the module exports _faasm_zygote as () -> i64, which cannot be its zygote: want no parameters, without or with an i32 as result"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			steps, err := Plan(exportsOf(tt.exports))
			if err == nil || err.Error() != tt.want || steps != nil {
				t.Errorf("got %v, %v\nwant %s", steps, err, tt.want)
			}
		})
	}
}

// script answers calls of exports, and keeps their order.
type script struct {
	results map[string]int32
	errs    map[string]error
	called  []string
}

func (s *script) Call(export string, args ...guest.Value) (guest.Value, error) {
	s.called = append(s.called, export)
	return guest.ValueI32(s.results[export]), s.errs[export]
}

func TestRunFollowsThePlan(t *testing.T) {
	const faasm = "_start=: __wasm_call_ctors=: _faasm_zygote=:i __wasm_call_dtors=:"
	all := []string{"__wasm_call_ctors", "_faasm_zygote", "_start", "__wasm_call_dtors"}
	trap := &guest.Trap{Code: guest.TrapUnreachable}
	tests := []struct {
		name, exports string
		script        script
		code          int32
		err           string
		called        []string
	}{
		{"all steps", faasm, script{}, 0, "", all},
		{"what _start leaves behind is no result", faasm, script{results: map[string]int32{"_start": 9}}, 0, "", all},
		{"an entry with a result", "main=:i", script{results: map[string]int32{"main": -5}}, -5, "", []string{"main"}},
		{"a zygote that fails", faasm, script{results: map[string]int32{"_faasm_zygote": 3}}, 0, "zygote failed (return value 3)", all[:2]},
		{"a function that exits has run its destructors", faasm, script{errs: map[string]error{"_start": &guest.Exit{Code: 4}}}, 4, "", all[:3]},
		{"an exit with success", faasm, script{errs: map[string]error{"_start": &guest.Exit{}}}, 0, "", all[:3]},
		{"a wrapped exit in the zygote", faasm, script{errs: map[string]error{"_faasm_zygote": fmt.Errorf("call: %w", &guest.Exit{Code: 7})}}, 7, "", all[:2]},
		{"a trap", faasm, script{errs: map[string]error{"_start": trap}}, 0, trap.Error(), all[:3]},
		{"a trap in the constructors", faasm, script{errs: map[string]error{"__wasm_call_ctors": trap}}, 0, trap.Error(), all[:1]},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			steps, err := Plan(exportsOf(tt.exports))
			if err != nil {
				t.Fatal(err)
			}
			code, err := Run(steps, &tt.script)
			if got := fmt.Sprint(err); tt.err != "" && got != tt.err || tt.err == "" && err != nil {
				t.Errorf("error %v, want %q", err, tt.err)
			}
			if code != tt.code || !slices.Equal(tt.script.called, tt.called) {
				t.Errorf("code %d after %v, want %d after %v", code, tt.script.called, tt.code, tt.called)
			}
		})
	}
}

func TestPointerArgReadsANumberAsStoiDoes(t *testing.T) {
	for input, want := range map[string]string{
		"":             "0",
		"42":           "42",
		" \t-7 apples": "-7",
		"+2147483647":  "2147483647",
		"-2147483648":  "-2147483648",
		"2147483648":   `the input "2147483648" is not a number of 32 bits: value out of range`,
		"apples":       `the input "apples" is not a number of 32 bits: invalid syntax`,
		"- 1":          `the input "- 1" is not a number of 32 bits: invalid syntax`,
	} {
		v, err := PointerArg([]byte(input))
		got := fmt.Sprint(v)
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s, want %s", input, got, want)
		}
	}
}

func TestOutcomesReadAsFaasmWritesThem(t *testing.T) {
	if got := string(Result([]byte("fine"), 0)); got != "fine" {
		t.Errorf("success: %q", got)
	}
	if got := string(Result([]byte("lost"), -3)); got != "Call failed (return value=-3)" {
		t.Errorf("return value -3: %q", got)
	}
	for want, err := range map[string]error{
		"Task 12 threw exception. What: Python user empty, cannot return": &guest.Trap{Code: guest.TrapHost, Message: "Python user empty, cannot return"},
		"Task 12 threw exception. What: trap: unreachable executed":       fmt.Errorf("%w", &guest.Trap{Code: guest.TrapUnreachable}),
		"Task 12 threw exception. What: no memory":                        errors.New("no memory"),
	} {
		output, code := Failure(12, err)
		if string(output) != want || code != 1 {
			t.Errorf("%v: %q, %d; want %q, 1", err, output, code, want)
		}
	}
}

func TestArgsAreSplitOnSingleSpaces(t *testing.T) {
	for cmdline, want := range map[string][]string{
		"":           {"function.wasm"},
		"a":          {"function.wasm", "a"},
		"a  b 'c d'": {"function.wasm", "a", "", "b", "'c", "d'"},
	} {
		if got := Args(cmdline); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", cmdline, got, want)
		}
	}
}

func TestEnvironmentIsWhatFaasmGives(t *testing.T) {
	want := map[string]string{
		"MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHON_PATH": "/", "PYTHONHOME": "/",
		"PYTHONHASHSEED": "0", "PYTHONNOUSERSITE": "on", "PYTHONWASM": "1",
	}
	env := Environment()
	for _, e := range env {
		name, value, _ := strings.Cut(e, "=")
		if want[name] != value || value == "" {
			t.Errorf("%s is not what Faasm gives", e)
		}
	}
	if len(env) != len(want) || !slices.IsSorted(env) {
		t.Errorf("environment %q", env)
	}
}
