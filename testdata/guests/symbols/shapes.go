// What the Go compiler keeps tables of: methods, closures, generics, goroutines,
// interfaces and deferred calls.
package main

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
)

type shape interface{ area() float64 }

type circle struct{ r float64 }

func (c circle) area() float64 { return 3.14159 * c.r * c.r }

type square struct{ side float64 }

//go:noinline
func (s *square) area() float64 {
	return s.side * s.side
}

func largest[T any](items []T, less func(a, b T) bool) T {
	best := items[0]
	for _, i := range items[1:] {
		if less(best, i) {
			best = i
		}
	}
	return best
}

func twice(n int) int { return n + n }

var errNone = errors.New("none")

//go:noinline
func find(words []string, prefix string) (found string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errNone
		}
	}()
	i := sort.Search(len(words), func(i int) bool {
		return words[i] >= prefix
	})
	return words[i], nil
}

func main() {
	n := len(os.Args)
	shapes := []shape{circle{float64(n)}, &square{float64(twice(n))}}
	words := strings.Fields("a few words in a line")
	sort.Strings(words)
	results := make(chan string)
	go func() {
		w, err := find(words, "w")
		results <- fmt.Sprint(w, err)
	}()
	fmt.Println(<-results, largest(shapes, func(a, b shape) bool { return a.area() < b.area() }).area())
}
