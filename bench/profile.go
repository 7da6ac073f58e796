package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
)

// profileBenchmark runs each kernel by itself and under the profiler, each time in a
// process of its own, and compares what the kernel's own clock says of the computing
// part. That a run without a profile pays nothing is a test on what is installed.
func profileBenchmark() benchmark {
	b := benchmark{name: "profile", about: "kernels under 'faaslens profile' at 100 Hz, time in the computing part ÷ 'faaslens run'", run: runProfile}
	for _, k := range kernels {
		b.floors = append(b.floors, floor{Case: k.name, Subject: "cpu 100 Hz", Of: ofRatio, AtMost: 1.01})
	}
	return b
}

func runProfile(ctx context.Context, s *session) ([]result, error) {
	i := slices.IndexFunc(s.contestants, func(c contestant) bool { return c.name == "faaslens" })
	if i < 0 {
		return nil, nil // left out, and so not measured
	}
	var results []result
	ratios := map[string][]float64{}
	for _, k := range kernels {
		s.note("profile: %s", k.name)
		of, err := profileKernel(ctx, s, s.contestants[i], k)
		if err != nil {
			return nil, fmt.Errorf("kernel %s: %w", k.name, err)
		}
		for _, r := range of {
			if r.Ratio != 0 {
				ratios[r.Subject] = append(ratios[r.Subject], r.Ratio)
			}
		}
		results = append(results, of...)
	}
	for _, subject := range []string{"cpu 100 Hz", "wall 100 Hz"} {
		results = append(results, result{Case: "geomean", Subject: subject, Ratio: geomean(ratios[subject]), Baseline: "run"})
	}
	return results, nil
}

func profileKernel(ctx context.Context, s *session, c contestant, k kernel) ([]result, error) {
	p, err := s.shop.compile(ctx, k.name, s.builds[0])
	if err != nil {
		return nil, err
	}
	if err := c.prepare(ctx, p); err != nil {
		return nil, err
	}
	var args []string
	if s.size == quick {
		args = []string{strconv.Itoa(k.brief)}
	}
	plain, env := c.command(p, args)
	timed := func(argv []string) func(context.Context) (float64, error) {
		return func(ctx context.Context) (float64, error) {
			out, err := run(ctx, argv, env)
			if err != nil {
				return 0, err
			}
			_, ns, err := parseKernelOutput(string(out))
			return ns, err
		}
	}
	under := func(kind string) []string {
		argv := append(slices.Clone(plain), "--type", kind, "--hz", "100", "-o", s.shop.path("profile.pb.gz"))
		argv[1] = "profile"
		return argv
	}
	taken, err := s.interleave(ctx, []subject{
		{"run", timed(plain)},
		{"cpu 100 Hz", timed(under("cpu"))},
		{"wall 100 Hz", timed(under("wall"))},
	})
	if err != nil {
		return nil, err
	}
	return compare(k.name, "ns", "run", taken), nil
}
