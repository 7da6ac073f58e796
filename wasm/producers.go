package wasm

// Producer is a tool, language or kit with its version, which may be empty.
type Producer struct {
	Name, Version string
}

// Producers says what a module was made with (tool-conventions,
// ProducersSection.md).
type Producers struct {
	Language    []Producer // source languages, such as C11 or Rust
	ProcessedBy []Producer // tools, such as clang or rustc
	SDK         []Producer
}

// Producers reads the producers section. Like Names it returns what could be read
// and notes the first damage as a *guest.InvalidModule; without a section it
// returns nothing and no error. Unknown fields are passed over.
func (m *Module) Producers() (Producers, error) {
	var p Producers
	c, ok := m.Custom("producers")
	if !ok {
		return p, nil
	}
	r := payloadReader(c, m)
	for fields := r.count("fields", 2, len(c.Payload)); fields > 0 && r.ok(); fields-- {
		field := r.name("a field's name")
		var into *[]Producer
		switch field {
		case "language":
			into = &p.Language
		case "processed-by":
			into = &p.ProcessedBy
		case "sdk":
			into = &p.SDK
		}
		for n := r.count("producers", 2, len(c.Payload)); n > 0 && r.ok(); n-- {
			who := Producer{Name: r.name("a producer's name"), Version: r.name("a producer's version")}
			if r.ok() && into != nil {
				*into = append(*into, who)
			}
		}
	}
	if r.err != nil {
		return p, r.err
	}
	return p, nil
}
