package export

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// svgTitles reads a drawing as XML and returns the title of each frame.
func svgTitles(t *testing.T, content []byte) []string {
	t.Helper()
	var titles []string
	var open []string
	d := xml.NewDecoder(bytes.NewReader(content))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return titles
		}
		if err != nil {
			t.Fatalf("not XML: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			open = append(open, token.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 2 && open[len(open)-1] == "title" {
				titles = append(titles, string(token))
			}
		}
	}
}

func TestSVGIsXML(t *testing.T) {
	d, err := Diff(hostileProfile(), guestProfile())
	if err != nil {
		t.Fatal(err)
	}
	titles := svgTitles(t, render(t, d, SVG, Options{Title: hostileNames()[0]}))
	for _, name := range hostileNames() {
		want := strings.Map(func(r rune) rune { // what XML does not allow
			if r < ' ' || r == 0x7f || r > 0xfffd {
				return '\ufffd'
			}
			return r
		}, name)
		if !strings.Contains(strings.Join(titles, "\n"), strings.ToValidUTF8(want, "\ufffd")+" in ") {
			t.Errorf("no frame of %q", want)
		}
	}
	titles = svgTitles(t, render(t, guestProfile(), SVG, Options{SampleType: "samples"}))
	if titles[0] != "all: 100, 100.00%" || len(titles) != 13 {
		t.Errorf("titles %q", titles)
	}
}

func TestSVGLeavesOutWhatNobodySees(t *testing.T) {
	out := render(t, wideProfile(120_000), SVG, Options{})
	if n := len(svgTitles(t, out)); n < 1000 || n > 11*12_000 {
		t.Errorf("%d frames", n)
	}
}

// svgBox is an expression for the middle of a frame.
func svgMiddle(name string) string {
	return fmt.Sprintf(`(() => {
		const g = [...document.querySelectorAll(".frame")].find((g) => g.dataset.name === %q), r = g.children[1].getBoundingClientRect();
		return r.width ? [r.x + r.width / 2, r.y + r.height / 2] : [];
	})()`, name)
}

// svgControl is an expression for the middle of a text that one can click.
func svgControl(id string) string {
	return fmt.Sprintf(`(() => { const r = document.getElementById(%q).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, id)
}

const svgShown = `[...document.querySelectorAll(".frame:not(.hide)")].map((g) => g.dataset.name).sort().join()`

func TestSVGInABrowser(t *testing.T) {
	b := open(t, "flame.svg", render(t, guestProfile(), SVG, Options{Title: "demo/imgsmith"}))
	all := eval[string](b, svgShown)

	b.run("has the title and whose code it is", func() {
		want(b, `document.getElementById("title").textContent`, "Flame Graph")
		want(b, `[...document.querySelectorAll(".legend")].map((g) => g.textContent).join()`, "host,guest,library,host call,kernel,unknown")
	})
	b.run("says what the pointer is on", func() {
		at := eval[[]float64](b, svgMiddle("weigh"))
		b.do(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
		want(b, `document.getElementById("details").textContent`, "weigh (inlined) in demo/imgsmith: 500.0 ms, 50.00%")
	})
	b.run("zooms by a click and back", func() {
		b.click(svgMiddle("weights_apply"))
		want(b, svgShown, "__main_void,all,engine.(*Module).Run,main,runtime.main,transform,weigh,weights_apply")
		want(b, `[...document.querySelectorAll(".frame")].find((g) => g.dataset.name === "weights_apply").children[1].getAttribute("width")`, "1180.00")
		want(b, `document.querySelectorAll(".parent").length`, 6)
		b.click(svgControl("reset"))
		want(b, svgShown, all)
	})
	b.run("searches with Ctrl-F, counts overlaps once, and forgets", func() {
		b.do(chromedp.Evaluate[chromedp.Void](`window.prompt = () => "weigh|MAIN"`))
		b.do(chromedp.KeyEvent("f", chromedp.KeyModifiers(chromedp.ModifierCtrl)))
		want(b, `document.getElementById("matched").textContent`, "Matched: 96.0% in 5 calls")
		want(b, `document.querySelectorAll('rect[fill="#e600e6"]').length`, 5)
		b.click(svgControl("search"))
		want(b, `document.querySelectorAll('rect[fill="#e600e6"]').length`, 0)
		want(b, `document.getElementById("matched").textContent`, " ")
	})
	b.run("zooms by the keyboard", func() {
		b.do(chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll(".frame")].find((g) => g.dataset.name === "fwrite").focus()`))
		b.do(chromedp.KeyEvent(kb.Enter))
		want(b, `document.documentElement.dataset.zoom`, "fwrite")
		b.do(chromedp.KeyEvent(kb.Escape))
		want(b, svgShown, all)
	})
	if c := b.complaints(); c != "" {
		t.Errorf("the browser's console has\n%s", c)
	}
}

func TestSVGOfHostileNames(t *testing.T) {
	b := open(t, "flame.svg", render(t, hostileProfile(), SVG, Options{Title: hostileNames()[0]}))
	want(b, `document.title`, "Flame Graph")
	eval[int](b, `(() => { for (const g of document.querySelectorAll(".frame")) for (const e of ["mouseover", "click"]) g.dispatchEvent(new MouseEvent(e, {bubbles: true})); return 0; })()`)
	want(b, `document.querySelectorAll("script").length`, 1)
	want(b, `document.querySelectorAll("img, b, a, foreignObject, [onload], [onerror], [onmouseover], [href]").length`, 0)
	want(b, `document.querySelector("title").textContent`, "Flame Graph")
	want(b, `document.title`, "Flame Graph")
	if c := b.complaints(); c != "" {
		t.Errorf("the browser's console has\n%s", c)
	}
}

func TestReversedSVGStartsAtTheInnermostFunctions(t *testing.T) {
	p := guestProfile()
	titles := strings.Join(svgTitles(t, render(t, p, SVG, Options{Reverse: true, SampleType: "samples"})), "\n")
	for _, want := range []string{"weigh (inlined) in demo/imgsmith: 50, 50.00%", "runtime.main in faaslens: 50, 50.00%"} {
		if !strings.Contains(titles, want) {
			t.Errorf("no frame %q in\n%s", want, titles)
		}
	}
}

func TestDifferentialSVG(t *testing.T) {
	p := guestProfile()
	p.Sample[0].Value = []int64{100, 1_000_000_000}
	d, err := Diff(p, guestProfile())
	if err != nil {
		t.Fatal(err)
	}
	out := string(render(t, d, SVG, Options{}))
	for _, part := range []string{"Differential Flame Graph", "weigh (inlined) in demo/imgsmith: 1.00 s, base 500.0 ms, +500.0 ms", "more than in the base"} {
		if !strings.Contains(out, part) {
			t.Errorf("it has no %q", part)
		}
	}
}
