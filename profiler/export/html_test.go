package export

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/google/pprof/profile"
)

// source is a file of 40 lines that say what they are.
func source(file string) ([]byte, error) {
	if !strings.HasSuffix(file, ".c") || strings.HasPrefix(file, "libc") {
		return nil, errors.New("not a file of this machine")
	}
	var b bytes.Buffer
	for n := range 40 {
		fmt.Fprintf(&b, "\t/* line %d of %s */ if (a < b && c > d) {}\n", n+1, file)
	}
	return b.Bytes(), nil
}

// openPage shows a profile's page when it is drawn.
func openPage(t *testing.T, content []byte) *browser {
	t.Helper()
	b := open(t, "profile.html", content)
	b.do(chromedp.Poll[chromedp.Void](`document.documentElement.dataset.ready === "true"`))
	return b
}

// boxAt is an expression for the place of a function's box that is drawn.
func boxAt(name string) string {
	return fmt.Sprintf(`(() => {
		const b = graph.boxes.find((b) => nameOf(b.call) === %q), area = byId("canvas").getBoundingClientRect();
		return b ? [area.left + b.x + b.width / 2, area.top + graph.top(b.call.depth) + rowHeight / 2] : [];
	})()`, name)
}

// text is an expression for what an element says.
func text(id string) string { return fmt.Sprintf(`byId(%q).textContent`, id) }

func TestPageInABrowser(t *testing.T) {
	b := openPage(t, render(t, guestProfile(), HTML, Options{Title: "demo/imgsmith", Source: source}))

	b.run("says what it shows and whose code took how much", func() {
		want(b, text("title"), "demo/imgsmith")
		want(b, text("about"), "2023-11-14 22:13:20 UTC · over 1.50 s · a sample each 10.00 ms · 100 Hz asked for, 100 Hz delivered · 1.00 s")
		want(b, text("legend"), "host 3.00%guest 70.00%library 8.00%host call 12.00%kernel 3.00%unknown 4.00%")
		want(b, `graph.boxes.length`, 13)
	})
	b.run("names what the pointer is on", func() {
		at := eval[[]float64](b, boxAt("weigh"))
		b.do(chromedp.MouseEvent("mouseMoved", at[0], at[1]))
		want(b, text("hover"), "weigh (inlined) in demo/imgsmith: 500.0 ms, 50.00%")
	})
	b.run("a click zooms and shows the source lines with what was measured on each", func() {
		b.click(boxAt("weights_apply"))
		want(b, `nameOf(graph.zoomed)`, "weights_apply")
		want(b, `byId("reset").disabled`, false)
		want(b, `document.querySelector("#details h2").textContent`, "weights_apply")
		want(b, `document.querySelector('#source tr[data-line="20"]').textContent`,
			"500.0 ms20\t/* line 20 of /src/imgsmith/weights.c */ if (a < b && c > d) {}")
		want(b, `document.querySelector('#source tr[data-line="22"]').textContent`,
			"200.0 ms200.0 ms22\t/* line 22 of /src/imgsmith/weights.c */ if (a < b && c > d) {}")
		want(b, `document.querySelector("#source tr.hottest").dataset.line`, "20")
		want(b, `Math.round(graph.boxOf(graph.zoomed).width)`, eval[int](b, `byId("graph").clientWidth`))
		want(b, `Math.round(100 * graph.boxes.find((b) => nameOf(b.call) === "weigh").width / byId("graph").clientWidth)`, 71)
		want(b, `graph.boxes.some((b) => nameOf(b.call) === "fwrite")`, false)
	})
	b.run("resets by its button", func() {
		b.do(chromedp.Click("#reset"))
		want(b, `nameOf(graph.zoomed)`, "all")
		want(b, `byId("reset").disabled`, true)
		want(b, `graph.boxes.length`, 13)
	})
	b.run("says why there are no source lines", func() {
		b.click(boxAt("fwrite"))
		want(b, `document.querySelector("#details .note").textContent`, "No source lines: not a file of this machine.")
		b.click(boxAt("wasi_snapshot_preview1.fd_write"))
		want(b, `document.querySelector("#details .note").textContent`, "No source: it is not known which file this function is from.")
		b.do(chromedp.KeyEvent(kb.Escape))
		want(b, `nameOf(graph.zoomed)`, "all")
	})
	b.run("counts what a search finds, overlaps once", func() {
		b.press("/")
		want(b, `byId("search").value`, "")
		want(b, `document.activeElement.id`, "search")
		b.do(chromedp.KeyEvent("WEIGH"))
		want(b, text("found"), "2 functions, 70.00%")
		want(b, `byId("functions").tBodies[0].rows.length`, 2)
		b.do(chromedp.KeyEvent(kb.Escape))
		want(b, text("found"), "")
		b.press("/")
		b.do(chromedp.KeyEvent("/^(fwrite|main)$/"))
		want(b, text("found"), "2 functions, 93.00%")
		b.do(chromedp.KeyEvent(kb.Escape))
		b.press("/")
		b.do(chromedp.KeyEvent("/(/"))
		want(b, text("found"), "not a regular expression")
		b.do(chromedp.KeyEvent(kb.Escape))
	})
	b.run("moves by the keyboard", func() {
		b.do(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent(kb.Home))
		for _, step := range []struct{ key, at string }{
			{kb.ArrowUp, "runtime.main"}, {kb.ArrowLeft, "[unknown]"}, {kb.ArrowRight, "runtime.main"},
			{kb.ArrowUp, "engine.(*Module).Run"}, {kb.ArrowUp, "__main_void"}, {kb.ArrowDown, "engine.(*Module).Run"},
		} {
			b.do(chromedp.KeyEvent(step.key))
			want(b, `nameOf(graph.selected)`, step.at)
		}
		b.do(chromedp.KeyEvent(kb.Enter))
		want(b, `nameOf(graph.zoomed)`, "engine.(*Module).Run")
		want(b, text("hover"), "engine.(*Module).Run in faaslens: 960.0 ms, 96.00%")
		b.do(chromedp.KeyEvent(kb.Backspace))
		want(b, `nameOf(graph.zoomed)`, "runtime.main")
		b.do(chromedp.KeyEvent(kb.Escape))
	})
	b.run("turns around and starts at the innermost functions", func() {
		b.press("r")
		want(b, `graph.root.calls().map((c) => nameOf(c) + " " + c.value / 1e7).join()`,
			"[unknown] 4,fwrite 8,runtime.mallocgc 3,vfs_write 3,wasi_snapshot_preview1.fd_write 12,weigh 50,weights_apply 20")
		want(b, `graph.root.calls().find((c) => nameOf(c) === "weigh").calls().map((c) => nameOf(c)).join()`, "weights_apply")
		b.press("i")
		want(b, `graph.top(0) < graph.top(1)`, true)
		b.press("i")
		b.press("r")
		want(b, `graph.top(0) > graph.top(1)`, true)
	})
	b.run("shows another type of values", func() {
		b.do(chromedp.Focus("#type"), chromedp.KeyEvent(kb.ArrowUp))
		want(b, `byId("type").value`, "0")
		want(b, `byId("functions").tBodies[0].rows[0].textContent`, "5050.00%5050.00%weighguestdemo/imgsmith")
	})
	b.run("sorts functions", func() {
		b.do(chromedp.Click(`[data-sort="total"]`))
		want(b, `byId("functions").tBodies[0].rows[0].cells[4].textContent`, "engine.(*Module).Run")
		b.do(chromedp.Click(`[data-sort="name"]`))
		want(b, `byId("functions").tBodies[0].rows[0].cells[4].textContent`, "[unknown]")
		b.do(chromedp.Click(`#functions tbody tr:nth-child(2)`))
		want(b, `document.querySelector("#details h2").textContent`, "__main_void")
	})
	if c := b.complaints(); c != "" {
		t.Errorf("the browser's console has\n%s", c)
	}
}

func TestPageOfADifference(t *testing.T) {
	p := guestProfile()
	p.Sample[0].Value = []int64{30, 300_000_000}
	p.Sample = p.Sample[:len(p.Sample)-1] // nothing of runtime.mallocgc
	d, err := Diff(p, guestProfile())
	if err != nil {
		t.Fatal(err)
	}
	b := openPage(t, render(t, d, HTML, Options{Title: "demo/imgsmith", Source: source}))
	want(b, text("title"), "demo/imgsmith, compared")
	want(b, text("legend"), "more than in the basethe samelessWidths are both together.")
	want(b, `byId("functions").tBodies[0].rows[0].textContent`, "-200.0 ms-20.00%-200.0 ms-20.00%weighguestdemo/imgsmith")
	want(b, `byId("functions").tBodies[0].rows[1].textContent`, "-30.00 ms-3.00%-30.00 ms-3.00%runtime.mallocgchostfaaslens")
	want(b, `graph.colour(graph.boxes.find((b) => nameOf(b.call) === "runtime.mallocgc").call)`, "rgb(108,157,242)")
	want(b, `graph.colour(graph.boxes.find((b) => nameOf(b.call) === "fwrite").call)`, "rgb(236,236,236)")
	b.click(boxAt("weigh"))
	want(b, `document.querySelector('#source tr[data-line="9"] td').textContent`, "-200.0 ms")
}

// Nothing that a module is called, or its functions or files, does anything to the page.
func TestPageOfHostileNames(t *testing.T) {
	hostile := hostileProfile()
	page := render(t, hostile, HTML, Options{
		Title: hostileNames()[0],
		Source: func(string) ([]byte, error) {
			return []byte(strings.Repeat(hostileNames()[0]+hostileNames()[1]+"\n", 20)), nil
		},
	})
	b := openPage(t, page)
	want(b, `document.title`, hostileNames()[0])
	rows := eval[int](b, `byId("functions").tBodies[0].rows.length`)
	if rows != len(hostileNames())+1 {
		t.Errorf("%d functions, want %d", rows, len(hostileNames())+1)
	}
	for range 2 { // as flames, and reversed
		eval[int](b, `(() => {
			for (const r of byId("functions").tBodies[0].rows) r.click();
			for (const x of graph.boxes) { graph.hover(x.call); graph.select(x.call); }
			return 0;
		})()`)
		b.do(chromedp.Click("#inverted"))
	}
	want(b, `document.querySelector("#source td.code").textContent`, hostileNames()[0]+hostileNames()[1])
	want(b, `document.scripts.length`, 2)
	want(b, `document.querySelectorAll("img, svg, b, iframe, link, [onload], [onerror], [onmouseover], [href], [src]").length`, 0)
	want(b, `document.title`, hostileNames()[0])
	if c := b.complaints(); c != "" {
		t.Errorf("the browser's console has\n%s", c)
	}
}

// The page says that nothing else may be run or fetched, and the browser obeys.
func TestPageAllowsNothingElse(t *testing.T) {
	b := openPage(t, render(t, guestProfile(), HTML, Options{}))
	b.do(chromedp.Evaluate[chromedp.Void](`(() => {
		const s = document.createElement("script");
		s.textContent = "document.title = 'owned'";
		document.body.append(s);
		const d = document.createElement("div");
		d.innerHTML = '<img src=x onerror="document.title=\'owned\'"><a onclick="document.title=\'owned\'">x</a>';
		document.body.append(d);
		d.querySelector("a").click();
	})()`))
	want(b, `document.title`, "Profile")
	if c := b.complaints(); !strings.Contains(c, "Content Security Policy") {
		t.Errorf("the browser's console does not name the policy:\n%s", c)
	}
	for _, part := range []string{"http://", "https://", "url(", "@import", " src="} {
		if bytes.Contains(render(t, guestProfile(), HTML, Options{}), []byte(part)) {
			t.Errorf("the page has %q in it", part)
		}
	}
}

func TestPageOfManyStacks(t *testing.T) {
	p := wideProfile(120_000)
	g := newGraph(p)
	if stacks := len(g.nodes); stacks < 100_000 {
		t.Fatalf("only %d different calls", stacks)
	}
	b := openPage(t, render(t, p, HTML, Options{Source: source}))
	want(b, `nodes.n`, len(g.nodes))
	want(b, `measured.total[0]`, 120_000*10_000_000)
	// What is laid out is bounded by what can be seen.
	if boxes := eval[int](b, `graph.boxes.length`); boxes < 1000 || boxes > 11*2400 {
		t.Errorf("%d boxes on 1200 pixels", boxes)
	}
	b.press("r")
	want(b, `graph.root.calls().length`, 4)
	b.press("/")
	b.do(chromedp.KeyEvent("function_400"))
	want(b, `/^1 function, 2[45]\.\d\d%$/.test(byId("found").textContent)`, true)
	want(b, `byId("functions").tBodies[0].rows.length`, 1)
}

// A stack as deep as a graph goes is scrolled, not squeezed.
func TestPageOfADeepStack(t *testing.T) {
	builder := newProfileBuilder(cpuTypes()...)
	l := builder.at(guestFile, "deep @/src/deep.c:1")
	stack := append(make([]*profile.Location, 0, 5000), builder.at(guestFile, "leaf"))
	for range 4999 {
		stack = append(stack, l)
	}
	builder.sample([]int64{1, 1}, nil, stack...)
	b := openPage(t, render(t, builder.p, HTML, Options{}))
	want(b, `nodes.n`, maxDepth+1)
	want(b, `measured.functions.total.join()`, "1,0,1,1") // left out, no stack, deep, leaf
	want(b, `byId("graph").scrollTop > 70000`, true)
	b.do(chromedp.Focus("#canvas"), chromedp.KeyEvent(kb.End))
	b.do(chromedp.Evaluate[chromedp.Void](`byId("graph").scrollTop = 0`))
	b.click(boxAt("leaf"))
	want(b, `nameOf(graph.zoomed)`, "leaf")
}
