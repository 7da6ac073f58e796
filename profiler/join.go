package profiler

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// leftOutMark is the address that the engine puts in the place of frames of a guest for
// which a stack of Go's has no room: its runtime takes 32 at a time (type cgoCallers).
const leftOutMark = 16

// joiner turns a profile of Go's runtime, in which guests' frames are bare addresses,
// into one with names.
type joiner struct {
	code      *Code
	from      time.Time // when the recording began
	locations *locations
	host      hostSymbols
}

func newJoiner(c *Code, from time.Time) *joiner {
	return &joiner{code: c, from: from, locations: newLocations()}
}

// frame is a location of a sample with what it is.
type frame struct {
	*profile.Location
	area *area // nil for the host's
}

// stack names the frames of a sample, innermost first. It is not known where Go's
// runtime found none.
func (j *joiner) stack(s *profile.Sample) (stack []frame, known bool) {
	function := ""
	if l := s.Label["function"]; len(l) > 0 {
		function = l[0]
	}
	known = true
	for _, loc := range s.Location {
		f := frame{Location: loc}
		if isBare(loc) {
			f = j.bare(loc, function)
		} else if placeholder(loc.Line[0].Function.Name) {
			known = false
			continue
		}
		stack = append(stack, f)
	}
	if len(stack) == 0 || !known {
		stack = append(stack, frame{Location: j.locations.pseudoLocation(unknownCode, unknownStack)})
		known = false
	}
	return stack, known
}

// asleep reports whether a sample is of a thread that is not Go's and waits. Go's threads
// have timers of their own; others are only found by that of the whole process, whose
// signals the kernel may also give to one that sleeps, though another used the time.
func (j *joiner) asleep(s *profile.Sample) bool {
	if len(s.Location) != 1 || len(s.Label) > 0 || !isBare(s.Location[0]) {
		return false
	}
	loc := s.Location[0]
	return j.host.name(loc.Mapping, loc.Address+1) == "syscall" // of the C library
}

// placeholder reports whether Go's runtime writes the name where it could not take a
// stack.
func placeholder(name string) bool {
	switch name {
	case "runtime._System", "runtime._ExternalCode", "runtime._VDSO":
		return true
	}
	return strings.HasPrefix(name, "runtime._Lost")
}

// isBare reports whether a location is an address that Go's runtime has no name for.
func isBare(loc *profile.Location) bool {
	return len(loc.Line) == 0 || loc.Line[0].Function == nil || loc.Line[0].Function.Name == ""
}

// bare names an address that Go's runtime knows nothing of. It wrote the address
// minus one, as it does with return addresses; the engine's lie inside the call.
func (j *joiner) bare(loc *profile.Location, function string) frame {
	address := uintptr(loc.Address) + 1
	if a := j.code.find(address, function, j.from); a != nil {
		return frame{j.locations.guest(a, address), a}
	}
	if address == leftOutMark {
		return frame{Location: j.locations.pseudoLocation(unknownCode, framesLeftOut)}
	}
	if name := j.host.name(loc.Mapping, uint64(address)); name != "" {
		return frame{Location: j.locations.host(loc, name)}
	}
	if m := loc.Mapping; m != nil && strings.HasPrefix(m.File, "/") {
		return frame{Location: j.locations.host(loc, "["+filepath.Base(m.File)+"]")} // as much as is known
	}
	return frame{Location: j.locations.pseudoLocation(unknownCode, unknownStack)}
}

// setStack gives a sample its stack.
func setStack(s *profile.Sample, stack []frame) {
	s.Location = make([]*profile.Location, len(stack))
	for i, f := range stack {
		s.Location[i] = f.Location
	}
}
