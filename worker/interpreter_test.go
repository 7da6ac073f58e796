package worker

import (
	"encoding/binary"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
)

// smallLanguage reads the frames of the guest interpreter.c, as they lie in its memory.
type smallLanguage struct {
	top uint32 // address of the pointer to the innermost frame
}

func (smallLanguage) Language() string { return "small" }

func (l smallLanguage) Calls(stack []Frame, memory hostcall.Memory) []InterpretedCall {
	word := func(at uint32) uint32 {
		if uint64(at)+4 > uint64(len(memory)) {
			return 0
		}
		return binary.LittleEndian.Uint32(memory[at:])
	}
	text := func(at uint32) string {
		name, _, _ := strings.Cut(string(memory[at:min(len(memory), int(at)+64)]), "\x00")
		return name
	}
	by := 0
	loop := func() {
		for by < len(stack) && stack[by].Function != "run" {
			by++
		}
	}
	loop()
	var calls []InterpretedCall
	for frame := word(l.top); frame != 0 && len(calls) < 1000; frame = word(frame) {
		calls = append(calls, InterpretedCall{By: by, Location: symbol.Location{
			Function: text(word(word(frame + 4))), File: "program.small", Line: int(word(frame + 8)),
		}})
		if word(frame+12) != 0 {
			by++
			loop()
		}
	}
	return calls
}

func TestCallsOfInterpretedProgramsAreMergedIn(t *testing.T) {
	w := testWorker(t, Config{Interpreters: func(m *wasm.Module) Interpreter {
		if top, ok := globalValue(m, "top"); ok {
			return smallLanguage{uint32(top)}
		}
		return nil
	}})
	n := guest.Name{User: "test", Function: "interpreter"}
	module := guesttest.BuildFlags(t, "1", []string{"-Wl,--export=top", "-fno-inline"}, "faasm/interpreter.c")
	if _, err := w.cfg.Store.Add(n, module, store.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	f, err := w.Open(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	stdout, _, o, err := invoke(f, &Invocation{})
	if err != nil || o.Code != 0 {
		t.Fatalf("code %d, %v", o.Code, err)
	}
	whole := []string{
		"small!test/interpreter!deepest at program.small:2:0",
		"small!test/interpreter!leaf at program.small:3:0",
		"wasm!test/interpreter!run",
		"wasm!test/interpreter!apply",
		"small!test/interpreter!middle at program.small:1:0",
		"small!test/interpreter!start at program.small:2:0",
		"wasm!test/interpreter!run",
		"wasm!test/interpreter!main",
	}
	// The second leaves out two frames of the guest: the loop's inner one with the calls
	// that it runs, and apply.
	rest := []string{"small!test/interpreter!middle at program.small:1:0"}
	rest = append(rest, whole[5:]...)
	var have [][]string
	for _, block := range strings.Split(stdout, "------ Faasm backtrace ------\n")[1:] {
		var lines []string
		for _, l := range strings.Split(block, "\n") {
			l = regexp.MustCompile(`^(wasm![^+]*)\+.*`).ReplaceAllString(l, "$1")
			lines = append(lines, l)
			if strings.HasSuffix(l, "!main") {
				break
			}
		}
		have = append(have, lines)
	}
	if diff := cmp.Diff([][]string{whole, rest}, have); diff != "" {
		t.Errorf("%s\n%s", diff, stdout)
	}
}

func TestWhatIsNoStackIsNotMerged(t *testing.T) {
	f := &Function{interpreter: wildLanguage{}}
	own := []Frame{{Func: 1}, {Func: 2}}
	if diff := cmp.Diff(own, f.merged(own, nil), cmp.AllowUnexported(symbol.Location{})); diff != "" {
		t.Error(diff)
	}
}

// wildLanguage gives calls that no frame runs.
type wildLanguage struct{}

func (wildLanguage) Language() string { return "wild" }

func (wildLanguage) Calls([]Frame, hostcall.Memory) []InterpretedCall {
	return []InterpretedCall{{By: -1}, {By: 2}, {By: 1 << 40}}
}
