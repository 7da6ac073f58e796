package cli

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/internal/guesttest"
)

const debuggingPage = "../docs/debugging.md"

// sample is a block of output in the page, behind a comment that says of which command.
var sample = regexp.MustCompile("(?s)<!-- (.*?) -->\n```text\n(.*?)```\n")

// The page's samples are what the debuggers write.
func testDebuggingPageIsCurrent(t *testing.T, dir string) {
	page, err := os.ReadFile(debuggingPage)
	if err != nil {
		t.Fatal(err)
	}
	blocks := sample.FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 5 {
		t.Fatalf("the page has %d samples", len(blocks))
	}
	current := string(page)
	for _, b := range blocks {
		args := splitArgs(t, b[1])
		args = append([]string{"faaslens", args[0], args[1], "--batch"}, args[2:]...)
		have := normal(debugger(t, dir, args...), dir)
		if diff := cmp.Diff(b[2], have); diff != "" && !*update {
			t.Errorf("%s: write the page anew with 'go test ./cli -run Debuggers -update'\n%s", b[1], diff)
		}
		current = strings.Replace(current, b[2], have, 1)
	}
	if *update {
		if err := os.WriteFile(debuggingPage, []byte(current), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// splitArgs splits a command at spaces outside of quotes.
func splitArgs(t *testing.T, s string) []string {
	t.Helper()
	var args []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(s, -1) {
		args = append(args, m[1]+m[2])
	}
	if len(args) < 2 {
		t.Fatalf("the sample of %q has no command", s)
	}
	return args
}

// unsettled is what differs from run to run or machine to machine, and how the page has
// it; noise is what debuggers say of themselves.
var (
	noise = regexp.MustCompile(`(?m)^(\[(Thread debugging|Switching to|New |Detaching after ).*|Using host libthread_db.*|Function ".*" not defined\.|No source file named .*|Current executable set to .*|WARNING: .*|.* location added to breakpoint .*|\[Inferior 1 .* killed\]|Process \d+ (resuming|launched.*|stopped))\n`)

	unsettled = []struct {
		found *regexp.Regexp
		shown string
	}{
		{regexp.MustCompile(`0x[0-9a-f]+`), "0xN"},
		{regexp.MustCompile(`(?m)^0xN  ([0-9a-f]{2} )+.*$`), "0xN  0a 00 00 00 …"},
		{regexp.MustCompile(`[Tt]hread #?\d+`), "thread N"},
		{regexp.MustCompile(`(?m)^thread N`), "Thread N"},
		{regexp.MustCompile(`JIT\(0xN\)`), "JIT"},
		{regexp.MustCompile(`src-[0-9a-f]+`), "src-HASH"},
		{regexp.MustCompile(`function \d+ of the module`), "function N of the module"},
		{regexp.MustCompile(`(function\.wasm):\d+`), "$1"},
		{regexp.MustCompile(`= \d+ \(0xN\)`), "= N (0xN)"},
		{regexp.MustCompile(`<the host: \d+ frames`), "<the host: N frames"},
	}
)

func normal(output, dir string) string {
	output = strings.ReplaceAll(output, dir, "DATA")
	output = noise.ReplaceAllString(output, "")
	for _, u := range unsettled {
		output = u.found.ReplaceAllString(output, u.shown)
	}
	return strings.ReplaceAll(output, guesttest.Dir(), "GUESTS")
}
