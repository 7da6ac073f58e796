package listing_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/google/pprof/profile"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/internal/guesttest"
	"github.com/faaslens/faaslens/internal/imagetest"
	"github.com/faaslens/faaslens/listing"
	"github.com/faaslens/faaslens/native"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
)

// open compiles a guest and opens it for listing.
func open(t *testing.T, source string) *listing.Module {
	t.Helper()
	parsed, image := imagetest.Compile(t, imagetest.NewEngine(t), guesttest.Build(t, "0", source))
	arch, err := native.ParseArch(runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := listing.ReadCompiled(arch, image)
	if err != nil {
		t.Fatal(err)
	}
	return &listing.Module{Module: parsed, Symbols: symbol.Open(symbol.Source{Module: parsed}), Compiled: compiled}
}

func function(t *testing.T, m *listing.Module, name string) listing.Function {
	t.Helper()
	found := m.Symbols.Resolve(name)
	if len(found) != 1 {
		t.Fatalf("%d functions are called %s", len(found), name)
	}
	f, err := m.Func(found[0].Index)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Every call of a function is a machine instruction that calls that function, and comes
// from the wasm instruction that does.
func TestCallsAreNamedInBothViews(t *testing.T) {
	m := open(t, "symbols/shapes.c")
	calls, imports := 0, 0
	for i := range m.Module.Bodies {
		f, err := m.Func(guest.FuncIndex(i + m.Module.NumImportedFuncs()))
		if err != nil {
			t.Fatal(err)
		}
		machine := make(map[guest.FileOffset][]string)
		places := make(map[guest.FileOffset]bool)
		for _, in := range f.Instructions {
			places[in.Offset] = true
		}
		body, _ := m.Module.Body(f.Index)
		for _, in := range f.Machine {
			if in.Kind == native.Call {
				machine[in.Place] = append(machine[in.Place], in.Goes)
			}
			// The engine has places for the declarations of locals, too.
			start := body.Offset <= in.Place && in.Place < f.Instructions[0].Offset
			if in.Place != codemap.NoPlace && !places[in.Place] && !start {
				t.Errorf("%s: 0x%x comes from 0x%x, where no instruction is", f.Name, in.Offset, in.Place)
			}
		}
		code := m.Module.Code(body)
		var in wasm.Instruction
		for k := 0; code.Next(&in); k++ {
			if in.Op != wasm.OpCall {
				continue
			}
			called, _ := m.Symbols.Func(guest.FuncIndex(in.Index))
			if text := f.Instructions[k].Text; text != "call $"+called.Name && text != `call $"`+called.Name+`"` {
				t.Errorf("%s: %s, want a call of %s", f.Name, text, called.Name)
			}
			if got := machine[in.Offset]; len(got) != 1 || got[0] != called.Name {
				t.Errorf("%s: at 0x%x %s is called, the machine calls %q", f.Name, in.Offset, called.Name, got)
			}
			calls++
			if called.Import {
				imports++
			}
		}
	}
	if calls < 20 || imports < 3 {
		t.Errorf("there are %d calls, %d of imports", calls, imports)
	}
}

func TestStubsAndTrapsAreNamed(t *testing.T) {
	m := open(t, "symbols/shapes.c")
	if len(m.Compiled.Stubs) == 0 {
		t.Fatal("there are no stubs")
	}
	into := 0
	for _, s := range m.Compiled.Stubs {
		f := m.StubCode(s)
		if f.Name != s.Name || len(f.Machine) == 0 || f.Machine[0].Offset != s.Start {
			t.Errorf("stub %+v is listed as %s", s, f.Name)
		}
		for _, in := range f.Machine {
			if in.Goes == "_start" {
				into++
			}
		}
	}
	if into == 0 {
		t.Error("no stub leads to _start")
	}
	f := function(t, m, "main")
	traps := 0
	for _, in := range f.Machine {
		if in.Trap == "memory access out of bounds" {
			traps++
		}
	}
	if traps == 0 {
		t.Error("nothing in main may trap")
	}
}

// profileOf makes a profile with one sample for each list of offsets in the image, the
// innermost first. Behind a space in file may be a build id.
func profileOf(file string, stacks ...[]uintptr) []byte {
	const base = 0x7f00_0000_0000
	file, build, _ := strings.Cut(file, " ")
	m := &profile.Mapping{ID: 1, Start: base, Limit: base + 1<<30, File: file, BuildID: build}
	host := &profile.Location{ID: 1, Address: 42}
	p := &profile.Profile{
		SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		Mapping:    []*profile.Mapping{m}, Location: []*profile.Location{host},
	}
	for _, stack := range stacks {
		s := &profile.Sample{Value: []int64{1, 10_000_000}}
		for _, at := range stack {
			l := &profile.Location{ID: uint64(len(p.Location) + 1), Mapping: m, Address: base + uint64(at)}
			p.Location = append(p.Location, l)
			s.Location = append(s.Location, l)
		}
		s.Location = append(s.Location, host)
		p.Sample = append(p.Sample, s)
	}
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		panic(err) // a buffer takes everything
	}
	return b.Bytes()
}

func TestSamplesAreWithTheirInstructions(t *testing.T) {
	m := open(t, "symbols/shapes.c")
	f := function(t, m, "main")
	var call, other listing.Machine
	for _, in := range f.Machine {
		switch {
		case in.Kind == native.Call && in.Goes != "" && in.Place != codemap.NoPlace && call.Size == 0:
			call = in
		case in.Trap == "memory access out of bounds" && in.Place != call.Place:
			other = in
		}
	}
	// A caller's address is within the call, wherever the profiler says.
	within := call.Offset + uintptr(call.Size) - 1
	b := profileOf("wasm:t/shapes",
		[]uintptr{other.Offset},
		[]uintptr{other.Offset + 1, within},
		[]uintptr{0, within, within},
		nil,
	)
	var err error
	if m.Samples, err = listing.ReadSamples(bytes.NewReader(b), "t/shapes", ""); err != nil {
		t.Fatal(err)
	}
	if m.Samples.Total != 4 || m.Samples.Type != "samples" {
		t.Errorf("samples %+v", m.Samples)
	}
	f = function(t, m, "main")
	for _, in := range f.Machine {
		want := listing.Count{}
		switch in.Offset {
		case call.Offset:
			want = listing.Count{Total: 2} // each sample once
		case other.Offset:
			want = listing.Count{Self: 2, Total: 2}
		}
		if in.Count != want {
			t.Errorf("%x %s has %+v, want %+v", in.Offset, in.Text, in.Count, want)
		}
	}
	for _, in := range f.Instructions {
		want := listing.Count{}
		switch in.Offset {
		case call.Near:
			want = listing.Count{Total: 2}
		case other.Near:
			want = listing.Count{Self: 2, Total: 2}
		}
		if in.Count != want {
			t.Errorf("%x %s has %+v, want %+v", in.Offset, in.Text, in.Count, want)
		}
	}
	if got, want := m.SumMachine(f.Machine), (listing.Count{Self: 2, Total: 3}); got != want {
		t.Errorf("the function has %+v, want %+v", got, want)
	}
	if got, want := m.Sum(f.Instructions), (listing.Count{Self: 2, Total: 3}); got != want {
		t.Errorf("its instructions have %+v, want %+v", got, want)
	}
}

func TestWhatIsNoProfileIsSaid(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want string
	}{
		"of another function": {profileOf("wasm:t/other", []uintptr{5}), "it has no samples of t/shapes, but of t/other"},
		"of no function":      {profileOf("/bin/true", []uintptr{5}), "it has no samples of t/shapes, nor of any other function"},
		"of another build":    {profileOf("wasm:t/shapes 0123", []uintptr{5}), "it is of another build of t/shapes: record one anew"},
		"no profile":          {[]byte("hello"), "it must be one in pprof's format"},
		"nothing":             {nil, "it must be one in pprof's format"},
		"packed badly":        {[]byte{0x1f, 0x8b, 1}, "read the profile: "},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := listing.ReadSamples(bytes.NewReader(c.b), "t/shapes", "")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %s", err, c.want)
			}
		})
	}
}

func FuzzReadSamples(f *testing.F) {
	f.Add(profileOf("wasm:t/shapes", []uintptr{5, 6}, nil))
	f.Add([]byte("hello"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := listing.ReadSamples(bytes.NewReader(b), "t/shapes", ""); err == nil && s.Type == "" && s.Unit == "" && s.Total == 0 {
			t.Log("a profile without a type") // allowed: the format has no default
		}
	})
}
