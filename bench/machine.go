package main

import (
	"bufio"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine describes where figures were taken.
type machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	System string `json:"system"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	// Free is how much of every core this process gets, from 0 to 1, found by
	// spinning on all of them at once and comparing with one alone.
	Free float64 `json:"free"`
}

func describeMachine() machine {
	return machine{
		CPU:    cpuModel(),
		Cores:  runtime.NumCPU(),
		System: runtime.GOOS + "/" + runtime.GOARCH,
		Kernel: firstLine("/proc/sys/kernel/osrelease"),
		Go:     runtime.Version(),
		Free:   freeShare(100 * time.Millisecond),
	}
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

func firstLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return line
}

// freeShare spins on one core, then on all of them.
func freeShare(span time.Duration) float64 {
	alone := spin(span)
	cores := runtime.NumCPU()
	counts := make(chan int, cores)
	for range cores {
		go func() { counts <- spin(span) }()
	}
	together := 0
	for range cores {
		together += <-counts
	}
	return min(1, float64(together)/float64(alone*cores))
}

// spin counts how often it can look at the clock.
func spin(span time.Duration) int {
	n := 0
	for start := time.Now(); time.Since(start) < span; n++ {
	}
	return n
}
