package wasmtime

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/codemap"
)

// shapes is a module of functions with all kinds of prologues, returns and tail calls:
// with few and many arguments, locals and results, more or fewer of them on the stack
// than the function that is called last has.
func shapes() string {
	var b strings.Builder
	b.WriteString(`(module (memory 1) (table funcref (elem $f0)) (global $g (mut i32) (i32.const 0))`)
	counts := []int{0, 1, 5, 6, 7, 8, 9, 12, 20, 40, 200}
	args := func(n int) string { return strings.Repeat(` (global.get $g)`, n) }
	for i, n := range counts {
		fmt.Fprintf(&b, `(func $f%d %s (result i32) (local i64 f64 v128) (memory.copy (i32.const 0) (i32.const 9) (global.get $g)) (global.get $g))`, i, strings.Repeat(`(param i32)`, n))
		for j, k := range counts {
			fmt.Fprintf(&b, `(func %s (result i32) (local i64) (local.set %d (i64.load (i32.const 8)))
				(if (global.get $g) (then (return_call $f%d %s)))
				(if (i32.load (i32.const 4)) (then (return (call $f%d %s))))
				(i64.store (i32.const 16) (local.get %d)) (i32.wrap_i64 (i64.div_s (i64.load (i32.const 0)) (local.get %d))))`,
				strings.Repeat(`(param i32)`, n), n, j, args(k), j, args(k), n, n)
		}
		fmt.Fprintf(&b, `(type $t%d (func %s (result i32)))`, i, strings.Repeat(`(param i32)`, n))
		fmt.Fprintf(&b, `(func (param i32 i64 f64) (result i32) (return_call_indirect (type $t%d) %s (local.get 0)))`, i, args(n))
	}
	b.WriteString(`(func (result` + strings.Repeat(` i32`, 30) + `)` + args(30) + `) (func (loop $l (br $l))) (func unreachable))`)
	return b.String()
}

// compileText translates the text format and then compiles it.
func compileText(t *testing.T, text string) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "m.wat"), filepath.Join(dir, "m.wasm")
	if err := os.WriteFile(in, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if said, err := exec.Command("wat2wasm", "--enable-all", "-o", out, in).CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
		t.Fatal("wat2wasm is missing; install it with: apt-get install wabt")
	} else if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	module, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	e, err := NewEngine(Config{IdleMemories: 1, Stack: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	img, err := e.Compile(module)
	if err != nil {
		t.Fatal(err)
	}
	defer img.Free()
	var b bytes.Buffer
	if _, err := img.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// instruction is a line of objdump.
type instruction struct {
	at   int // in the function
	text string
}

func disassemble(t *testing.T, code []byte) []instruction {
	t.Helper()
	file := filepath.Join(t.TempDir(), "code")
	if err := os.WriteFile(file, code, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--no-show-raw-insn", file).Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatal("objdump is missing; install it with: apt-get install binutils")
	} else if err != nil {
		t.Fatal(err)
	}
	var all []instruction
	for _, m := range regexp.MustCompile(`(?m)^ *([0-9a-f]+):\t(.*)$`).FindAllSubmatch(out, -1) {
		at, err := strconv.ParseInt(string(m[1]), 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, instruction{int(at), strings.Join(strings.Fields(string(m[2])), " ")})
	}
	return all
}

// The states of enum frame in frame.h.
const (
	whole     = "0"
	ofCaller  = "1"
	unwritten = "2"
	pushed    = "3"
)

// frameStates follows the frame pointer through a function's instructions and says what a
// walk from before each of them finds.
func frameStates(code []instruction) []string {
	states := make([]string, len(code))
	state, copied := ofCaller, 0
	for i, in := range code {
		states[i] = state
		switch {
		case in.text == "push %rbp" && i == 0:
			state = pushed
		case in.text == "mov %rsp,%rbp" && state == pushed:
			state = whole
		case in.text == "mov %rsp,%rbp": // the frame moves down: its two words follow
			state, copied = unwritten, 0
		case state == unwritten && strings.HasPrefix(in.text, "mov %r11,"):
			if copied++; copied == 2 {
				state = whole
			}
		case in.text == "pop %rbp":
			state = ofCaller
		case strings.HasPrefix(in.text, "ret") || strings.HasPrefix(in.text, "jmp"):
			state = whole // what follows is reached from elsewhere
		}
	}
	return states
}

// frameAtProgram is the handler's own judgement as a program: it reads code from a file
// and prints a digit for each position in it.
const frameAtProgram = `#include "frame.c"
#include <stdio.h>
bool fl_on_stack(uintptr_t at) { (void)at; return false; }
int main(int argc, char **argv) {
  static uint8_t code[1 << 20];
  FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
  if (!f) return 2;
  size_t n = fread(code, 1, sizeof code - 64, f);
  for (size_t i = 0; i < n; i++) putchar('0' + fl_frame_at((uintptr_t)code, (uintptr_t)code + i));
  return 0;
}`

func TestFramesAreJudgedRightAtEveryInstruction(t *testing.T) {
	dir := t.TempDir()
	source, program := filepath.Join(dir, "judge.c"), filepath.Join(dir, "judge")
	if err := os.WriteFile(source, []byte(frameAtProgram), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-O1", "-I.", "-o", program, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	img := compileText(t, shapes())
	bodies, err := codemap.ReadBodies(img)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, b := range bodies {
		code := img[b.Start:b.End]
		file := filepath.Join(dir, "code")
		if err := os.WriteFile(file, code, 0o644); err != nil {
			t.Fatal(err)
		}
		judged, err := exec.Command(program, file).Output()
		if err != nil || len(judged) != len(code) {
			t.Fatalf("%v, %d judgements of %d", err, len(judged), len(code))
		}
		text := disassemble(t, code)
		for i, want := range frameStates(text) {
			in := text[i]
			if bytes.Trim(code[in.at:], "\x00") == nil || strings.HasPrefix(in.text, "(bad)") || strings.HasPrefix(in.text, "ud2") {
				continue // padding, or an end that nothing but a trap reaches
			}
			seen[want]++
			if have := string(judged[in.at]); have != want {
				t.Errorf("function %d +%#x %s: judged %s, is %s", b.Func, in.at, in.text, have, want)
			}
		}
	}
	if seen[whole] == 0 || seen[ofCaller] == 0 || seen[unwritten] == 0 || seen[pushed] == 0 {
		t.Errorf("not every state was seen: %v", seen)
	}
	t.Log(len(bodies), "functions,", seen)
}
