// Never ends. What it does over and over is its first argument: the ways in which Go code
// can be found, such as goroutines that change places, garbage collection, and calls of
// interfaces and closures.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"time"
)

type node interface{ value(x uint32) uint32 }

type leaf struct{}

type sum struct{ left, right node }

func (leaf) value(x uint32) uint32 { return x*3 + 1 }

func (s *sum) value(x uint32) uint32 { return s.left.value(x) + s.right.value(x+1) }

func tree(depth int) node {
	if depth == 0 {
		return leaf{}
	}
	return &sum{tree(depth - 1), tree(depth - 1)}
}

var sink uint32

func interfaces() {
	t := tree(6)
	for i := range uint32(20) {
		sink += t.value(i)
	}
}

func closures() {
	v := make([]uint32, 300)
	for i := range v {
		v[i] = uint32(i) * 2654435761
	}
	sort.Slice(v, func(i, j int) bool { return v[i] < v[j] })
	sink += v[7]
}

func goroutines() {
	c, done := make(chan uint32), make(chan bool)
	go func() {
		for v := range c {
			sink += v
		}
		close(done)
	}()
	for i := range uint32(50) {
		c <- i
	}
	close(c)
	<-done
}

func garbage() {
	m := map[string][]byte{}
	for i := range 100 {
		m[strings.Repeat("k", i%17)] = append(m["k"], make([]byte, 1000)...)
	}
	sink += uint32(len(m))
}

func text() { sink += uint32(len(fmt.Sprintf("%v %q %8.3f", []int{1, 2, 3}, "words", 2.5))) }

func deferred() {
	defer func() { recover() }()
	if sink != 1 {
		panic("over and over")
	}
}

func host() { sink += uint32(time.Now().Nanosecond()) }

func main() {
	turn := map[string]func(){
		"interfaces": interfaces, "closures": closures, "goroutines": goroutines,
		"garbage": garbage, "text": text, "deferred": deferred, "host": host,
	}[os.Args[1]]
	for {
		turn()
	}
}
