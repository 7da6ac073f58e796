package export

// stringTable gives each of several strings an index, in the order in which they come.
type stringTable struct {
	all   []string
	index map[string]int
}

func newStringTable() *stringTable {
	return &stringTable{all: []string{}, index: make(map[string]int)}
}

func (t *stringTable) add(text string) int {
	i, ok := t.index[text]
	if !ok {
		i = len(t.all)
		t.index[text] = i
		t.all = append(t.all, text)
	}
	return i
}
