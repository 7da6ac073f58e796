package wasm_test

import (
	"errors"
	"testing"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/wasm"
	. "github.com/faaslens/faaslens/wasm/wasmtest"
	"github.com/google/go-cmp/cmp"
)

func offsetOf(err error) int64 {
	var invalid *guest.InvalidModule
	if errors.As(err, &invalid) {
		return invalid.Offset
	}
	return -1
}

func TestCustomSectionsAliasTheModule(t *testing.T) {
	b := Module(Custom("note", B(1, 2, 3)), Custom("note", B(4)))
	m := parse(t, b)
	c, ok := m.Custom("note")
	if !ok || len(c.Payload) != 3 || &c.Payload[0] != &b[c.Offset] {
		t.Errorf("got %+v (%v)", c, ok)
	}
	if len(m.Customs) != 2 || cap(c.Payload) != 3 {
		t.Errorf("%d custom sections, payload's capacity %d", len(m.Customs), cap(c.Payload))
	}
}

func TestProducersOfARealModule(t *testing.T) {
	p, err := parse(t, program(t, []string{"-O1"})).Producers()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, tool := range p.ProcessedBy {
		found = found || tool.Name == "Debian clang" || tool.Name == "clang"
	}
	if !found {
		t.Errorf("no clang in %+v", p)
	}
}

func TestDamagedProducersGiveWhatCouldBeRead(t *testing.T) {
	p, err := parse(t, Module(Custom("producers", U(2),
		Name("sdk"), Vec(Cat(Name("kit"), Name("1"))),
		Name("language"), U(2), Name("C11"), Name(""), U(40)))).Producers()
	wantInvalid(t, err, offsetOf(err), "a producer's name takes 40 bytes")
	want := wasm.Producers{SDK: []wasm.Producer{{Name: "kit", Version: "1"}}, Language: []wasm.Producer{{Name: "C11"}}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("producers (-want +got):\n%s", diff)
	}
}

func TestTheLinkersBuildIDIsRead(t *testing.T) {
	if got := parse(t, program(t, nil, "--build-id=0x0123456789abcdef")).BuildID(); string(got) != "\x01\x23\x45\x67\x89\xab\xcd\xef" {
		t.Errorf("build id % x", got)
	}
	if got := parse(t, program(t, nil, "--build-id=sha1")).BuildID(); len(got) != 20 {
		t.Errorf("SHA-1 build id % x", got)
	}
	if got := parse(t, program(t, nil)).BuildID(); got != nil {
		t.Errorf("build id % x of a module without one", got)
	}
}

func TestDamagedIdentifyingSectionsCountAsAbsent(t *testing.T) {
	m := parse(t, Module(Custom("build_id", U(9), B(1)), Custom("external_debug_info", U(9), B('a'))))
	if m.BuildID() != nil || m.ExternalDebugInfo() != "" {
		t.Errorf("build id % x, debug file %q", m.BuildID(), m.ExternalDebugInfo())
	}
	if got := parse(t, Module(Custom("build_id", U(0)))).BuildID(); got != nil {
		t.Errorf("empty build id %v", got)
	}
}

func TestObjectFilesAreTold(t *testing.T) {
	object := ReadFile(t, Compile(t, "testdata/runs.c", "-g"))
	if !parse(t, object).IsObject() {
		t.Error("an object file is not told")
	}
	for _, flag := range []string{"--emit-relocs", "--strip-all"} {
		if parse(t, program(t, nil, flag)).IsObject() {
			t.Errorf("a module linked with %s is taken for an object file", flag)
		}
	}
}
