package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// The size of the large program: with these, clang 19 makes a module of 27 MB, of which
// 20 MB are DWARF.
const (
	largeParts     = 40
	largeFunctions = 245 // of each part
)

// partHead starts a part: what its functions have in common, most of it inlined.
const partHead = `#include <stdint.h>
typedef uint32_t function(uint32_t depth, uint32_t x);
extern function *const *const tables[];
struct point%[1]d { int32_t x, y; struct { uint16_t tag; double weight; } of[3]; };
static inline uint32_t turn(uint32_t x, uint32_t by) { return x << (by & 31) | x >> (-by & 31); }
static inline uint32_t stir(uint32_t x) {
  x ^= x >> 15;
  x *= 0x2c1b3c6du + %[1]du;
  return turn(x, x >> 27);
}
static inline double spread(const struct point%[1]d *p, uint32_t n) {
  double sum = 0;
  for (uint32_t i = 0; i < 3; i++) sum += p->of[i].weight * (double)(p->of[i].tag ^ n);
  return sum;
}
static inline function *pick(uint32_t x) { return tables[x %% %[2]d][stir(x) %% %[3]d]; }
`

// partFunction is one function of a part. At the innermost depth it traps.
const partFunction = `static uint32_t f%[1]d_%[2]d(uint32_t depth, uint32_t x) {
  struct point%[1]d p = {(int32_t)x, %[2]d, {{(uint16_t)x, 1.5}, {%[2]d, 0.5 + x}, {7, %[1]d.25}}};
  uint32_t sum = stir(x + %[2]du);
  for (uint32_t i = 0; i < (x & 7); i++) {
    uint32_t before = sum;
    sum += turn(stir(i ^ before), (uint32_t)p.y);
    p.of[i %% 3].tag += (uint16_t)before;
  }
  switch (sum %% 5) {
  case 0: sum += (uint32_t)spread(&p, %[2]du); break;
  case 1: sum ^= stir(sum + %[1]du); break;
  case 2: p.x -= %[2]d; sum *= (uint32_t)p.x | 1; break;
  default: sum = turn(sum, x) - stir(x ^ %[2]du);
  }
  if (depth == 0) __builtin_trap();
  uint32_t inner = pick(sum)(depth - 1, sum);
  return inner + stir(inner);
}
`

// largeMain ends with a trap that many calls below itself. Its arguments are where they
// start and how many they are.
const largeMain = `#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
typedef uint32_t function(uint32_t depth, uint32_t x);
%[2]s
function *const *const tables[] = {%[3]s};
int main(int argc, char **argv) {
  uint32_t seed = argc > 1 ? (uint32_t)atoi(argv[1]) : 1;
  uint32_t depth = argc > 2 ? (uint32_t)atoi(argv[2]) : 20;
  printf("%%u\n", tables[seed %% %[1]d][0](depth, seed));
}
`

// largeModule builds a program of many translation units with debug information and
// returns its module. What a deterministic generator writes is compiled by the compiler
// that users have, so that the DWARF is real. It takes a minute or two, and so is kept.
func largeModule(ctx context.Context, shop *workshop, parts, functions int) (string, error) {
	sources := largeSources(parts, functions)
	h := sha256.New()
	for _, s := range sources {
		h.Write(s)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find where to keep the large module: %w", err)
	}
	kept := filepath.Join(cache, "faaslens-bench", fmt.Sprintf("large-%x.wasm", h.Sum(nil)[:8]))
	if _, err := os.Stat(kept); err == nil {
		return kept, nil
	}
	dir := shop.path("large")
	for _, d := range []string{dir, filepath.Dir(kept)} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return "", err
		}
	}
	var paths []string
	for i, s := range sources {
		paths = append(paths, filepath.Join(dir, fmt.Sprintf("part%d.c", i)))
		if err := os.WriteFile(paths[i], s, 0o644); err != nil {
			return "", err
		}
	}
	made := filepath.Join(dir, "large.wasm")
	if err := compileParts(ctx, shop, paths, made); err != nil {
		return "", err
	}
	b, err := os.ReadFile(made)
	if err != nil {
		return "", err
	}
	part := kept + ".part"
	if err := os.WriteFile(part, b, 0o644); err != nil {
		return "", err
	}
	return kept, os.Rename(part, kept)
}

// largeSources writes the parts and, last, the one with main.
func largeSources(parts, functions int) [][]byte {
	var sources [][]byte
	var tables, names bytes.Buffer
	for part := range parts {
		var b bytes.Buffer
		fmt.Fprintf(&b, partHead, part, parts, functions)
		for f := range functions {
			fmt.Fprintf(&b, partFunction, part, f)
		}
		fmt.Fprintf(&b, "function *const table%d[] = {", part)
		for f := range functions {
			fmt.Fprintf(&b, "f%d_%d, ", part, f)
		}
		b.WriteString("};\n")
		sources = append(sources, b.Bytes())
		fmt.Fprintf(&tables, "extern function *const table%d[];\n", part)
		fmt.Fprintf(&names, "table%d, ", part)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, largeMain, parts, tables.Bytes(), names.Bytes())
	return append(sources, b.Bytes())
}

// compileParts compiles sources, as many at a time as there are processors, and links
// them.
func compileParts(ctx context.Context, shop *workshop, sources []string, out string) error {
	todo := make(chan int)
	errs := make([]error, len(sources))
	objects := make([]string, len(sources))
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range todo {
				objects[i] = sources[i] + ".o"
				errs[i] = shop.cc(ctx, "--target=wasm32-wasi", "-O1", "-g", "-c", sources[i], "-o", objects[i])
			}
		})
	}
	for i := range sources {
		todo <- i
	}
	close(todo)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return shop.cc(ctx, append([]string{"--target=wasm32-wasi", "-o", out}, objects...)...)
}
