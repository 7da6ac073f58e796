package faasm

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/faaslens/faaslens/guest"
)

// Role is what a step of an invocation is for.
type Role uint8

const (
	Constructors Role = iota // the module's own initialisation
	Zygote                   // the function's initialisation, which may fail
	Main                     // the function
	Destructors              // what atexit registered
	Warm                     // an export that prepares the function, which may fail
)

func (r Role) String() string {
	names := [...]string{"constructors", "zygote", "main", "destructors", "warm-up"}
	if int(r) < len(names) {
		return names[r]
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// Step is one call of an export in an invocation.
type Step struct {
	Role   Role
	Export string
	// Args are the arguments to give: as many zeroes as the export takes.
	Args []guest.Value
	// Returns is whether the export returns an i32, which is a code: zero for
	// success.
	Returns bool
}

// Names of exports that the protocol knows.
const (
	exportConstructors = "__wasm_call_ctors"
	exportDestructors  = "__wasm_call_dtors"
	exportInitialize   = "_initialize"
	exportZygote       = "_faasm_zygote"
	exportStart        = "_start"
)

// mainExports are what may be a function's entry, best first: a WASI command's,
// Faasm's, and what C's main is called depending on its parameters and the
// compiler. Main with parameters gets no arguments, since only _start fetches them.
func mainExports() []string {
	return []string{exportStart, "_faasm_main", "main", "__main_void", "__main_argc_argv", "__original_main"}
}

// Plan says which exports one invocation calls, in order, given a module's exported
// functions.
//
// A module that exports __wasm_call_ctors expects its host to call it: the linker then
// leaves _start without constructors and destructors. A module that does not
// export it has them within each of its exports. A module without _start may be a
// WASI reactor, whose _initialize runs the constructors.
func Plan(exports map[string]guest.FuncType) ([]Step, error) {
	var entry string
	for _, name := range mainExports() {
		if _, ok := exports[name]; ok {
			entry = name
			break
		}
	}
	if entry == "" {
		return nil, &UnfitModule{fmt.Sprintf("the module exports none of %s: build it as a program with a main function",
			strings.Join(mainExports(), ", "))}
	}
	p := planner{exports: exports}
	_, reactor := exports[exportInitialize]
	constructs := false
	if reactor && entry != exportStart {
		p.add(Constructors, exportInitialize, 0)
	} else {
		constructs = p.add(Constructors, exportConstructors, 0)
	}
	p.add(Zygote, exportZygote, 0)
	maxParams := 2
	if entry == exportStart {
		maxParams = 0
	}
	p.add(Main, entry, maxParams)
	if constructs {
		p.add(Destructors, exportDestructors, 0)
	}
	return p.steps, p.err
}

// PlanWarm is Plan with a call of one more export before the function itself: what prepares
// it, behind its constructors and zygote. No name is none.
func PlanWarm(exports map[string]guest.FuncType, name string) ([]Step, error) {
	steps, err := Plan(exports)
	if err != nil || name == "" {
		return steps, err
	}
	if _, ok := exports[name]; !ok {
		return nil, &UnfitModule{fmt.Sprintf("the module does not export a function %s, which shall prepare it: link it with -Wl,--export=%s", name, name)}
	}
	p := planner{exports: exports}
	p.add(Warm, name, 0)
	if p.err != nil {
		return nil, p.err
	}
	for i, s := range steps {
		switch {
		case s.Export == name:
			return nil, &UnfitModule{fmt.Sprintf("%s is called in each invocation as the module's %s: it cannot prepare it too", name, s.Role)}
		case s.Role == Main:
			return slices.Insert(steps, i, p.steps[0]), nil
		}
	}
	return steps, nil
}

// WithDestructors ends the steps with a call of the destructors that a module exports, if
// they have none: it is for a module whose constructors have run and are no longer
// exported.
func WithDestructors(steps []Step, exports map[string]guest.FuncType) []Step {
	p := planner{exports: exports}
	if !slices.ContainsFunc(steps, func(s Step) bool { return s.Role == Destructors }) && p.add(Destructors, exportDestructors, 0) {
		return append(steps, p.steps...)
	}
	return steps
}

// UnfitModule is a valid module whose exports cannot be called as a function's.
type UnfitModule struct {
	Reason string
}

func (e *UnfitModule) Error() string { return "plan invocation: " + e.Reason }

type planner struct {
	exports map[string]guest.FuncType
	steps   []Step
	err     error
}

// add plans a call of an export, if there is one, of no parameters or maxParams of
// them, and an i32 or nothing as its result.
func (p *planner) add(role Role, name string, maxParams int) bool {
	t, ok := p.exports[name]
	if !ok || p.err != nil {
		return false
	}
	fits := len(t.Params) == 0 || len(t.Params) == maxParams
	for _, v := range t.Params {
		fits = fits && v == guest.I32
	}
	returns := len(t.Results) == 1 && t.Results[0] == guest.I32
	if !fits || !returns && len(t.Results) != 0 {
		p.steps = nil
		p.err = &UnfitModule{fmt.Sprintf("the module exports %s as %s, which cannot be its %s: want %s, without or with an i32 as result",
			name, t, role, wantParams(maxParams))}
		return false
	}
	p.steps = append(p.steps, Step{Role: role, Export: name, Args: make([]guest.Value, len(t.Params)), Returns: returns})
	return true
}

func wantParams(n int) string {
	if n == 0 {
		return "no parameters"
	}
	return fmt.Sprintf("no parameters or %d times i32", n)
}

// Code is what a step's result says. Only main's goes to the caller of the function; it
// is an error for a zygote to return another than zero.
func (s *Step) Code(result guest.Value) (int32, error) {
	if !s.Returns {
		return 0, nil
	}
	code := result.I32()
	switch s.Role {
	case Main:
		return code, nil
	case Zygote:
		if code != 0 {
			return 0, fmt.Errorf("zygote failed (return value %d)", code)
		}
	case Warm:
		if code != 0 {
			return 0, fmt.Errorf("%s failed (return value %d)", s.Export, code)
		}
	}
	return 0, nil
}

// Caller is a running instance.
type Caller interface {
	// Call runs an exported function and returns its first result, zero if
	// it has none.
	Call(export string, args ...guest.Value) (guest.Value, error)
}

// Run goes through the steps of one invocation and returns the function's return
// value. A guest that exits ends the invocation with its code, whichever step it is
// in, and without destructors: exit has run them.
func Run(steps []Step, c Caller) (returnValue int32, err error) {
	for i := range steps {
		s := &steps[i]
		result, err := c.Call(s.Export, s.Args...)
		var exit *guest.Exit
		if errors.As(err, &exit) {
			return exit.Code, nil
		}
		if err != nil {
			return 0, err
		}
		code, err := s.Code(result)
		if err != nil {
			return 0, err
		}
		if s.Role == Main {
			returnValue = code
		}
	}
	return returnValue, nil
}

// PointerArg is the argument of a function that takes a number and is called by its
// index in the table, as chained calls and migrations are. The input spells it in
// decimal, as Faasm reads it with std::stoi: after white space, up to the first
// character that is no digit. No input is zero.
func PointerArg(input []byte) (int32, error) {
	if len(input) == 0 {
		return 0, nil
	}
	s := strings.TrimLeft(string(input), " \t\n\v\f\r")
	n := 0
	if n < len(s) && (s[n] == '+' || s[n] == '-') {
		n++
	}
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	v, err := strconv.ParseInt(s[:n], 10, 32)
	if err != nil {
		return 0, fmt.Errorf("the input %.40q is not a number of 32 bits: %w", input, errors.Unwrap(err))
	}
	return int32(v), nil
}
