package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// kernel is one program of bench/kernels. Its default amount of work takes 0.1 to
// 0.4 seconds natively; brief is the amount for a quick run.
type kernel struct {
	name  string
	brief int
}

var kernels = []kernel{
	{"gemm", 1},
	{"cholesky", 1},
	{"jacobi-2d", 20},
	{"floyd-warshall", 1},
	{"sha256", 3},
	{"nbody", 100_000},
	{"fannkuch", 8},
	{"mandelbrot", 200},
	{"collatz", 50_000},
	{"hashtable", 200_000},
	{"qsort", 1},
}

func kernelsBenchmark() benchmark {
	return benchmark{
		name:  "kernels",
		about: "CPU-bound C, time in the computing part ÷ native",
		floors: []floor{
			{Case: "geomean", Subject: "faaslens simd", Of: ofRatio, AtMost: 1.25},
		},
		run: runKernels,
	}
}

func runKernels(ctx context.Context, s *session) ([]result, error) {
	var results []result
	ratios := map[string][]float64{}
	for _, k := range kernels {
		s.note("kernels: %s", k.name)
		of, err := runKernel(ctx, s, k)
		if err != nil {
			return nil, fmt.Errorf("kernel %s: %w", k.name, err)
		}
		results = append(results, of...)
		for _, r := range of {
			if r.Ratio != 0 {
				ratios[r.Subject] = append(ratios[r.Subject], r.Ratio)
			}
		}
	}
	for _, r := range results[:len(results)/len(kernels)] {
		if of := ratios[r.Subject]; len(of) > 0 {
			results = append(results, result{Case: "geomean", Subject: r.Subject, Ratio: geomean(of), Baseline: "native"})
		}
	}
	return results, nil
}

func runKernel(ctx context.Context, s *session, k kernel) ([]result, error) {
	var args []string
	if s.size == quick {
		args = []string{strconv.Itoa(k.brief)}
	}
	// The first subject's checksum is what the others must arrive at.
	var checksum string
	var subjects []subject
	for _, c := range s.contestants {
		for _, b := range buildsFor(c, s.builds) {
			p, err := s.shop.compile(ctx, k.name, b)
			if err != nil {
				return nil, err
			}
			if err := c.prepare(ctx, p); err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			argv, env := c.command(p, args)
			subjects = append(subjects, subject{subjectName(c, b), func(ctx context.Context) (float64, error) {
				out, err := run(ctx, argv, env)
				if err != nil {
					return 0, err
				}
				sum, ns, err := parseKernelOutput(string(out))
				if err != nil {
					return 0, err
				}
				if checksum == "" {
					checksum = sum
				}
				if sum != checksum {
					return 0, fmt.Errorf("checksum %s, others have %s: this runtime computes something else", sum, checksum)
				}
				return ns, nil
			}})
		}
	}
	taken, err := s.interleave(ctx, subjects)
	if err != nil {
		return nil, err
	}
	return compare(k.name, "ns", "native", taken), nil
}

// buildsFor returns the builds that a contestant runs.
func buildsFor(c contestant, wanted []build) []build {
	if c.bare {
		return []build{native}
	}
	return wanted
}

// subjectName is "native", or the contestant's name and build.
func subjectName(c contestant, b build) string {
	if c.bare {
		return c.name
	}
	return c.name + " " + string(b)
}

// parseKernelOutput reads the lines "checksum HEX" and "time_ns N".
func parseKernelOutput(out string) (checksum string, ns float64, err error) {
	for line := range strings.Lines(out) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "checksum":
			checksum = value
		case "time_ns":
			if ns, err = strconv.ParseFloat(value, 64); err != nil {
				return "", 0, fmt.Errorf("kernel's output %q: %w", line, err)
			}
		}
	}
	if checksum == "" || ns <= 0 {
		return "", 0, fmt.Errorf("kernel's output %q: want the lines \"checksum HEX\" and \"time_ns N\"", out)
	}
	return checksum, ns, nil
}
