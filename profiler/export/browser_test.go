package export

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// browser is a page in a real browser.
type browser struct {
	t   *testing.T
	ctx context.Context

	mutex    sync.Mutex
	messages []string // on its console
}

// open shows a file in chromium, in a window of 1200 by 800 pixels, until the test ends.
func open(t *testing.T, name string, content []byte) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: this test needs a browser: apt-get install chromium", err)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, content, 0o644); err != nil {
		t.Fatal(err)
	}
	// The content is ours: no sandbox, which root cannot have.
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1200, 800))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	b.do(chromedp.Steps()) // starts it
	listening := make(chan struct{})
	go func() {
		messages := chromedp.Console(ctx)
		close(listening)
		for m, err := range messages {
			if err != nil {
				return
			}
			b.mutex.Lock()
			b.messages = append(b.messages, fmt.Sprintf("%+v", m))
			b.mutex.Unlock()
		}
	}()
	<-listening
	b.do(chromedp.EmulateViewport(1200, 800), chromedp.Navigate("file://"+file))
	return b
}

// run runs a part of a test.
func (b *browser) run(name string, part func()) {
	outer := b.t
	outer.Run(name, func(t *testing.T) {
		b.t = t
		part()
	})
	b.t = outer
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns what an expression of JavaScript is in the page.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// want says where an expression is not what it should be.
func want[T comparable](b *browser, expression string, want T) {
	b.t.Helper()
	if have := eval[T](b, expression); have != want {
		b.t.Errorf("%s = %v, want %v", expression, have, want)
	}
}

// click clicks in the middle of what an expression says: an array of x and y.
func (b *browser) click(expression string) {
	b.t.Helper()
	at := eval[[]float64](b, expression)
	if len(at) != 2 {
		b.t.Fatalf("%s is nowhere", expression)
	}
	b.do(chromedp.MouseClickXY(at[0], at[1]))
}

// complaints returns what the page's console has said.
func (b *browser) complaints() string {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return strings.Join(b.messages, "\n")
}

// press presses a key that writes a character, as a keyboard does: the character comes
// only if the page lets it.
func (b *browser) press(key string) {
	b.t.Helper()
	b.do(func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		for _, e := range []input.DispatchKeyEventParams{
			{Type: input.DispatchKeyEventTypeKeyDown, Key: key, Text: key},
			{Type: input.DispatchKeyEventTypeKeyUp, Key: key},
		} {
			if _, err := cdp.Call(ctx, t, input.DispatchKeyEvent, e); err != nil {
				return chromedp.Void{}, err
			}
		}
		return chromedp.Void{}, nil
	})
}
