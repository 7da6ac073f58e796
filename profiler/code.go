package profiler

import (
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"sync"
	"time"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/symbol"
	"github.com/faaslens/faaslens/wasm"
)

// Function is the function that compiled code belongs to.
type Function struct {
	Name   guest.Name
	Module *wasm.Module
	// Symbols is called when a profile is made, and only if it needs them.
	Symbols func() *symbol.Table
}

// Code knows where functions' compiled code is in memory, and where it has been while a
// profile was recorded: a profile is named when it is complete, and by then code may be
// gone. Its methods may be called from any goroutine.
type Code struct {
	mu        sync.Mutex
	areas     []*area // in the order in which they were loaded
	recording int     // profiles that are being recorded
	now       func() time.Time
}

// area is the compiled code of one function in one place, for a span of time.
type area struct {
	function         Function
	buildID          string
	base, limit      uintptr
	code             *codemap.Map
	stubs            []codemap.Stub
	loaded, unloaded time.Time // unloaded is zero as long as it is there
}

// NewCode returns a Code that knows of nothing yet.
func NewCode(now func() time.Time) *Code { return &Code{now: now} }

// Loaded tells that a function's code is in memory, before it runs.
func (c *Code) Loaded(f Function, l codemap.Loaded) {
	a := &area{function: f, buildID: BuildID(f.Module), base: l.Base, limit: l.Base + uintptr(len(l.Image)), code: l.Map, loaded: c.now()}
	// Without stubs, code between functions has no name, which the profile then says.
	a.stubs, _ = codemap.ReadStubs(l.Image)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.areas = append(c.areas, a)
}

// Unloaded tells that the code is about to be freed.
func (c *Code) Unloaded(l codemap.Loaded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.areas {
		if a.base == l.Base && a.unloaded.IsZero() {
			a.unloaded = c.now()
		}
	}
	c.forget()
}

// record keeps code that is unloaded from now on, until the returned function is
// called.
func (c *Code) record() (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recording++
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.recording--
		c.forget()
	})
}

// forget drops unloaded code that no profile needs. c.mu is held.
func (c *Code) forget() {
	if c.recording > 0 {
		return
	}
	kept := c.areas[:0]
	for _, a := range c.areas {
		if a.unloaded.IsZero() {
			kept = append(kept, a)
		}
	}
	clear(c.areas[len(kept):])
	c.areas = kept
}

// find says whose code is or was at an address after the time from. Where several
// functions had the address one after the other, it is the last one of that name.
func (c *Code) find(address uintptr, function string, from time.Time) *area {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found *area
	for _, a := range c.areas {
		if address < a.base || address >= a.limit || !a.unloaded.IsZero() && a.unloaded.Before(from) {
			continue
		}
		if found == nil || a.function.Name.String() == function || found.function.Name.String() != function {
			found = a
		}
	}
	return found
}

// stub names code that belongs to no function of the module.
func (a *area) stub(address uintptr) (codemap.Stub, bool) {
	at := address - a.base
	i := sort.Search(len(a.stubs), func(i int) bool { return a.stubs[i].Start > at }) - 1
	if i < 0 || at >= a.stubs[i].End {
		return codemap.Stub{}, false
	}
	return a.stubs[i], true
}

// BuildID is what mappings of a module's code have for theirs: the module's own or the
// first 20 bytes of its hash, in hexadecimal.
func BuildID(m *wasm.Module) string {
	if id := m.BuildID(); len(id) > 0 {
		return hex.EncodeToString(id)
	}
	sum := sha256.Sum256(m.Bytes())
	return hex.EncodeToString(sum[:20])
}
