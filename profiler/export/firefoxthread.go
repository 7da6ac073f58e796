package export

import "bufio"

// writeFirefoxThread writes a RawThread with its tables, which are columns of equal
// length.
func writeFirefoxThread(w *bufio.Writer, g *graph, selected int, unit firefoxUnit, texts *stringTable, name string, id int) error {
	out := newObject(w)
	out.member("processType", "default")
	out.member("processName", "faaslens")
	out.member("processStartupTime", 0)
	out.member("processShutdownTime", nil)
	out.member("registerTime", 0)
	out.member("unregisterTime", nil)
	out.member("pausedRanges", []struct{}{})
	out.member("name", name)
	out.member("isMainThread", id == 0)
	out.member("pid", "1")
	out.member("tid", id+1)
	out.object("markers", func(o *objectWriter) {
		for _, c := range []string{"data", "name", "startTime", "endTime", "phase", "category"} {
			o.member(c, []int{})
		}
		o.member("length", 0)
	})
	samples := newFirefoxSamples(g, selected, unit)
	out.object("samples", func(o *objectWriter) {
		o.member("stack", samples.stacks)
		o.member("time", samples.times)
		o.member("weight", samples.weights)
		o.member("weightType", unit.weight)
		o.member("length", len(samples.stacks))
	})
	writeFirefoxStacks(out, g)
	writeFirefoxFunctions(out, g, texts)
	out.object("nativeSymbols", func(o *objectWriter) {
		for _, c := range []string{"libIndex", "address", "name", "functionSize"} {
			o.member(c, []int{})
		}
		o.member("length", 0)
	})
	return out.close()
}

// writeFirefoxStacks writes the tree of stacks, and a frame for each function and each
// way that it is called in.
func writeFirefoxStacks(out *objectWriter, g *graph) {
	nodes := g.nodes[1:]
	out.object("stackTable", func(o *objectWriter) {
		array(o, "frame", mapped(nodes, func(_ int, n node) frame { return n.frame }))
		array(o, "prefix", mapped(nodes, func(_ int, n node) *int32 {
			if n.parent == 0 {
				return nil
			}
			prefix := n.parent - 1
			return &prefix
		}))
		o.member("length", len(nodes))
	})
	frames := make([]frame, 2*len(g.all))
	for i := range frames {
		frames[i] = frame(i)
	}
	column := func(o *objectWriter, name string, value func(frame) any) {
		array(o, name, mapped(frames, func(_ int, f frame) any { return value(f) }))
	}
	null := func(frame) any { return nil }
	out.object("frameTable", func(o *objectWriter) {
		column(o, "address", func(frame) any { return -1 })
		column(o, "inlineDepth", func(f frame) any { return int(f & 1) })
		column(o, "category", func(f frame) any { return int(g.all[f.function()].kind) })
		column(o, "subcategory", func(frame) any { return 0 })
		column(o, "func", func(f frame) any { return f.function() })
		column(o, "nativeSymbol", null)
		column(o, "innerWindowID", null)
		column(o, "line", null)
		column(o, "column", null)
		o.member("length", len(frames))
	})
}

// writeFirefoxFunctions writes the functions and the modules that they are of.
func writeFirefoxFunctions(out *objectWriter, g *graph, texts *stringTable) {
	modules := newStringTable()
	column := func(o *objectWriter, name string, value func(int, function) any) {
		array(o, name, mapped(g.all, value))
	}
	out.object("funcTable", func(o *objectWriter) {
		column(o, "name", func(_ int, f function) any { return texts.add(f.name) })
		column(o, "isJS", func(int, function) any { return false })
		column(o, "relevantForJS", func(int, function) any { return false })
		column(o, "resource", func(_ int, f function) any {
			if f.module == "" {
				return -1
			}
			return modules.add(f.module)
		})
		column(o, "fileName", func(_ int, f function) any {
			if f.file == "" {
				return nil
			}
			return texts.add(f.file)
		})
		column(o, "lineNumber", func(i int, _ function) any {
			if g.start[i] == 0 {
				return nil
			}
			return g.start[i]
		})
		column(o, "columnNumber", func(int, function) any { return nil })
		o.member("length", len(g.all))
	})
	const library = 1 // the format's ResourceType
	out.object("resourceTable", func(o *objectWriter) {
		array(o, "name", mapped(modules.all, func(_ int, m string) int { return texts.add(m) }))
		array(o, "lib", mapped(modules.all, func(int, string) any { return nil }))
		array(o, "host", mapped(modules.all, func(int, string) any { return nil }))
		array(o, "type", mapped(modules.all, func(int, string) int { return library }))
		o.member("length", len(modules.all))
	})
}
