package export

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// profileBuilder puts profiles together as package profiler makes them.
type profileBuilder struct {
	p         *profile.Profile
	mappings  map[string]*profile.Mapping
	functions map[string]*profile.Function
	locations map[string]*profile.Location
}

func newProfileBuilder(types ...*profile.ValueType) *profileBuilder {
	return &profileBuilder{
		p:         &profile.Profile{SampleType: types},
		mappings:  make(map[string]*profile.Mapping),
		functions: make(map[string]*profile.Function),
		locations: make(map[string]*profile.Location),
	}
}

func cpuTypes() []*profile.ValueType {
	return []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}}
}

// at returns a location: its module, and the calls there, the innermost first, each
// "name file:line". The words of a file and a line may be left out.
func (b *profileBuilder) at(module string, calls ...string) *profile.Location {
	key := module + "\x00" + strings.Join(calls, "\x00")
	if l := b.locations[key]; l != nil {
		return l
	}
	m := b.mappings[module]
	if m == nil && module != "" {
		id := uint64(len(b.p.Mapping) + 1)
		m = &profile.Mapping{ID: id, Start: id << 32, Limit: id<<32 + 1<<24, File: module, BuildID: fmt.Sprintf("%02x", id), HasFunctions: true}
		b.mappings[module] = m
		b.p.Mapping = append(b.p.Mapping, m)
	}
	l := &profile.Location{ID: uint64(len(b.p.Location) + 1), Mapping: m}
	if m != nil {
		l.Address = m.Start + l.ID
	}
	for _, c := range calls {
		name, place, _ := strings.Cut(c, " @")
		file, line := "", int64(0)
		if i := strings.LastIndexByte(place, ':'); i >= 0 {
			file = place[:i]
			fmt.Sscan(place[i+1:], &line)
		}
		f := b.functions[name+"\x00"+file]
		if f == nil {
			f = &profile.Function{ID: uint64(len(b.p.Function) + 1), Name: name, SystemName: name, Filename: file}
			b.functions[name+"\x00"+file] = f
			b.p.Function = append(b.p.Function, f)
		}
		l.Line = append(l.Line, profile.Line{Function: f, Line: line})
	}
	b.locations[key] = l
	b.p.Location = append(b.p.Location, l)
	return l
}

// sample adds a sample with its stack from the innermost location on.
func (b *profileBuilder) sample(values []int64, labels map[string][]string, stack ...*profile.Location) {
	b.p.Sample = append(b.p.Sample, &profile.Sample{Location: stack, Value: values, Label: labels})
}

const (
	hostFile  = "/usr/local/bin/faaslens"
	guestFile = "wasm:demo/imgsmith"
)

// guestProfile is a cpu profile with code of every kind in it: 100 samples, 1 s.
func guestProfile() *profile.Profile {
	b := newProfileBuilder(cpuTypes()...)
	b.p.TimeNanos, b.p.DurationNanos = 1_700_000_000_000_000_000, 1_500_000_000
	b.p.PeriodType, b.p.Period = &profile.ValueType{Type: "cpu", Unit: "nanoseconds"}, 10_000_000
	b.p.Comments = []string{"100 Hz asked for, 100 Hz delivered"}
	labels := map[string][]string{"user": {"demo"}, "function": {"demo/imgsmith"}, "start": {"warm"}}
	run := b.at(hostFile, "engine.(*Module).Run @/src/engine/run.go:120")
	goexit := b.at(hostFile, "runtime.main @/usr/local/go/src/runtime/proc.go:285")
	entry := b.at(guestFile, "__main_void")
	main := b.at(guestFile, "transform @/src/imgsmith/main.c:104", "main @/src/imgsmith/main.c:128")
	blur := b.at(guestFile, "weigh @/src/imgsmith/weights.c:9", "weights_apply @/src/imgsmith/weights.c:20")
	blur2 := b.at(guestFile, "weights_apply @/src/imgsmith/weights.c:22")
	puts := b.at(guestFile, "fwrite @libc-top-half/musl/src/stdio/fwrite.c:30")
	write := b.at("[host calls]", "wasi_snapshot_preview1.fd_write")
	sys := b.at("[kernel.kallsyms]", "vfs_write")
	lost := b.at("[unknown]", "[unknown]")
	tick := func(n int64, stack ...*profile.Location) {
		b.sample([]int64{n, n * 10_000_000}, labels, stack...)
	}
	tick(50, blur, main, entry, run, goexit)
	tick(20, blur2, main, entry, run, goexit)
	tick(8, puts, main, entry, run, goexit)
	tick(12, write, puts, main, entry, run, goexit)
	tick(3, sys, write, puts, main, entry, run, goexit)
	tick(4, lost)
	b.sample([]int64{3, 30_000_000}, nil, b.at(hostFile, "runtime.mallocgc @/usr/local/go/src/runtime/malloc.go:1000"), run, goexit)
	return b.p
}

// hostileNames are what a module may call its functions and files.
func hostileNames() []string {
	return []string{
		`</script><script>document.title='owned'</script>`,
		`<img src=x onerror="document.title='owned'">`,
		`]]><script>document.title='owned'</script><![CDATA[`,
		`--><svg onload=document.title='owned'>`,
		`"onmouseover="document.title='owned'" x="`,
		`'><b>&amp;&#60;`,
		"__proto__", "constructor", "javascript:document.title='owned'",
		"\x00\x01\x1b[31m\x7f\ufffe\uffff", "\xff\xfe broken", "\u2028\u2029\u202eesrever",
		"a;b 12", "new\nline 7", " 5", "{{.}}${1}`",
	}
}

// hostileProfile has every hostile name as a function, a file and a module.
func hostileProfile() *profile.Profile {
	b := newProfileBuilder(cpuTypes()...)
	main := b.at(guestFile, "main @/src/main.c:3")
	for i, name := range hostileNames() {
		v := int64(i + 5)
		l := b.at("wasm:"+name, name)
		l.Line[0].Function.Filename, l.Line[0].Line = name, 7
		b.sample([]int64{v, v * 10_000_000}, map[string][]string{"function": {name}, name: {name}}, l, main)
	}
	b.p.Comments = hostileNames()
	return b.p
}

// goProfile is a profile of this program by runtime/pprof.
func goProfile(t testing.TB) *profile.Profile {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 0); err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// wideProfile has that many distinct stacks, of about ten calls each.
func wideProfile(stacks int) *profile.Profile {
	b := newProfileBuilder(cpuTypes()...)
	var functions []*profile.Location
	for i := range 500 {
		functions = append(functions, b.at(guestFile, fmt.Sprintf("function_%03d @/src/wide/%d.c:%d", i, i%20, i+1)))
	}
	state := uint32(1)
	for range stacks {
		var stack []*profile.Location
		for depth := range uint32(10) {
			state = state*1664525 + 1013904223
			stack = append(stack, functions[(10-depth)*40+state>>16%4])
		}
		b.sample([]int64{1, 10_000_000}, nil, stack...)
	}
	return b.p
}

func render(t testing.TB, p *profile.Profile, f Format, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, p, f, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
