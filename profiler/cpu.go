package profiler

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"time"

	"github.com/google/pprof/profile"
	"golang.org/x/sys/unix"
)

// DefaultRate is how many samples a second are asked for, unless something else is
// said.
const DefaultRate = 100

// MaxRate is the highest rate that can be asked for. What is delivered is bounded by the
// kernel's timer, often 250 a second.
const MaxRate = 1000

// CPU is a recording of where processor time goes: all of this process's, by Go's own
// profiler. There is one at a time.
type CPU struct {
	code    *Code
	stop    func() // keeping code
	rate    int
	data    bytes.Buffer
	started time.Time
	used    time.Duration // processor time until the start
}

// StartCPU starts a recording. The engine must have mixed stacks, and the code must have
// been told of all that runs.
func StartCPU(code *Code, rate int) (*CPU, error) {
	if rate < 1 || rate > MaxRate {
		return nil, fmt.Errorf("start the cpu profile: a rate of %d Hz: want 1 to %d", rate, MaxRate)
	}
	c := &CPU{code: code, rate: rate, started: code.now(), used: processTime()}
	if err := startAtRate(&c.data, rate); err != nil {
		return nil, fmt.Errorf("start the cpu profile: %w", err)
	}
	c.stop = code.record()
	return c, nil
}

// Stop ends the recording and returns the profile: samples/count and cpu/nanoseconds.
func (c *CPU) Stop() (*profile.Profile, error) {
	defer c.stop()
	j, p, d, err := c.take()
	if err != nil {
		return nil, err
	}
	unknown := int64(0)
	for _, s := range p.Sample {
		stack, known := j.stack(s)
		setStack(s, stack)
		if !known {
			unknown += s.Value[0]
		}
	}
	d.rescale(p)
	p.Comments = append(p.Comments, d.comments()...)
	p.Comments = append(p.Comments, shareComment(unknown, d.samples))
	return p, finish(p)
}

// delivery is what came of a rate that was asked for.
type delivery struct {
	rate    int
	samples int64
	asleep  int64         // left out: see joiner.asleep
	cpu     time.Duration // processor time of the process
}

// take ends the recording and returns what Go's profiler wrote. When that has been named,
// stop has to be called.
func (c *CPU) take() (*joiner, *profile.Profile, delivery, error) {
	pprof.StopCPUProfile()
	d := delivery{rate: c.rate, cpu: processTime() - c.used}
	p, err := profile.ParseData(c.data.Bytes())
	if err != nil {
		return nil, nil, d, fmt.Errorf("read Go's cpu profile: %w", err)
	}
	j := newJoiner(c.code, c.started)
	kept := p.Sample[:0]
	for _, s := range p.Sample {
		if j.asleep(s) {
			d.asleep += s.Value[0]
			continue
		}
		d.samples += s.Value[0]
		kept = append(kept, s)
	}
	p.Sample = kept
	return j, p, d, nil
}

// tolerance is how far below the requested rate the delivered one is taken for it.
const tolerance = 0.95

// rescale makes the samples stand for the processor time that was used, where fewer were
// delivered than requested.
func (d delivery) rescale(p *profile.Profile) {
	if d.samples == 0 || float64(d.samples) > tolerance*float64(d.rate)*d.cpu.Seconds() {
		return
	}
	p.Period = d.cpu.Nanoseconds() / d.samples
	for _, s := range p.Sample {
		s.Value[1] = s.Value[0] * p.Period
	}
}

// comments say how honest the profile is.
func (d delivery) comments() []string {
	rate := "no processor time was used"
	if d.cpu > 0 {
		rate = fmt.Sprintf("delivered %.1f Hz, %d samples in %.2f s of processor time", float64(d.samples)/d.cpu.Seconds(), d.samples, d.cpu.Seconds())
	}
	c := []string{
		fmt.Sprintf("rate: requested %d Hz, %s", d.rate, rate),
		"kernel: " + kernelRelease() + "; its timer bounds the rate, and its time counts for the code that called it",
	}
	if d.asleep > 0 {
		c = append(c, fmt.Sprintf("left out: %d signals that found a thread of the engine's asleep", d.asleep))
	}
	return c
}

// unknownPrefix starts the comment that tells the share of samples without a stack.
const unknownPrefix = "unknown stacks: "

func shareComment(unknown, all int64) string {
	share := 0.0
	if all > 0 {
		share = 100 * float64(unknown) / float64(all)
	}
	return fmt.Sprintf("%s%.2f%% of the samples", unknownPrefix, share)
}

// processTime is the processor time that this process has used.
func processTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0 // cannot fail with these arguments
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "unknown"
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}
