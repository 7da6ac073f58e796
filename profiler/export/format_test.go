package export_test

import (
	"testing"

	"github.com/faaslens/faaslens/profiler/export"
)

func TestAFilesEndSaysItsFormat(t *testing.T) {
	for _, f := range export.Formats() {
		if got, ok := export.FormatOf("out/p" + f.Extension()); !ok || got != f {
			t.Errorf("%s: got %q, %v", f.Extension(), got, ok)
		}
	}
	for file, want := range map[string]export.Format{
		"p.pprof": export.Pprof, "p.svg.folded": export.Folded, "-": "", "": "", "p.gz": "", "svg": "", "p.svg.txt": "",
	} {
		if got, ok := export.FormatOf(file); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", file, got, ok, want)
		}
	}
}
