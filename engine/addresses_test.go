package engine

import (
	"strings"
	"testing"

	"github.com/faaslens/faaslens/hostcall"
)

// An address has 47 bits, which are too few for 65,536 memories: the engine says so
// instead of ending the process.
func TestTooLittleAddressSpaceIsAnError(t *testing.T) {
	calls, err := hostcall.NewTable()
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(Config{Calls: calls, Shards: 1, Slots: 1 << 16})
	if err == nil {
		e.Close()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "of address space for 65536 instance(s)") || !strings.Contains(err.Error(), "ulimit -v unlimited") {
		t.Errorf("it says %v", err)
	}
}
