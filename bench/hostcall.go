package main

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/faaslens/faaslens/worker"
)

// hostcallBenchmark has a guest call clock_res_get in a loop: an ordinary call into Go
// that takes two arguments, checks a pointer and writes eight bytes.
func hostcallBenchmark() benchmark {
	return benchmark{
		name:   "hostcall",
		about:  "a guest calls the host: clock_res_get, in Go",
		floors: []floor{{Case: "clock_res_get", Subject: "faaslens", Of: ofValue, AtMost: 60}},
		run:    runHostcall,
	}
}

func runHostcall(ctx context.Context, s *session) ([]result, error) {
	calls := 2_000_000
	if s.size == quick {
		calls = 20_000
	}
	h, err := openHost(s.shop.path("inprocess"), 1)
	if err != nil {
		return nil, err
	}
	defer h.close()
	f, err := h.build(ctx, s.shop, "hostcall.c")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	other, err := wazeroProgram(ctx, s.shop.path("inprocess.wasm"))
	if err != nil {
		return nil, err
	}
	s.note("hostcall: %d calls a sample", calls)
	taken, err := s.interleave(ctx, []subject{
		{"faaslens", func(ctx context.Context) (float64, error) {
			var out bytes.Buffer
			_, err := f.Invoke(ctx, &worker.Invocation{Args: []string{"hostcall", strconv.Itoa(calls)}, Stdout: &out})
			if err != nil {
				return 0, err
			}
			ns, err := ownTime(out.String())
			return ns / float64(calls), err
		}},
		{"wazero", func(ctx context.Context) (float64, error) {
			var out bytes.Buffer
			if err := other(&out, "hostcall", strconv.Itoa(calls)); err != nil {
				return 0, err
			}
			ns, err := ownTime(out.String())
			return ns / float64(calls), err
		}},
	})
	if err != nil {
		return nil, err
	}
	return compare("clock_res_get", "ns", "", taken), nil
}

// ownTime finds what a guest says its loop took: a line "time_ns N".
func ownTime(out string) (float64, error) {
	for line := range strings.Lines(out) {
		if n, ok := strings.CutPrefix(strings.TrimSpace(line), "time_ns "); ok {
			return strconv.ParseFloat(n, 64)
		}
	}
	return 0, fmt.Errorf("no line time_ns in the guest's output %q", out)
}
