package toolchain_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/faaslens/faaslens/toolchain"
)

func TestAWarmExportThatTheLinkerDoesNotSeeHasANextStep(t *testing.T) {
	set := tools(t, toolchain.C, toolchain.CXX)
	const main = "int main(void) { return 0; }\n"
	for name, c := range map[string]struct {
		file, text, want string
	}{
		"there is none":        {"main.c", main, "the linker sees no load: it must not be static"},
		"it is static":         {"main.c", "static int load(void) { return 0; }\n" + main, "the linker sees no load: it must not be static"},
		"it is in C++":         {"main.cpp", "int load() { return 0; }\n" + main, `load is a C++ function here, whose name the linker does not know: declare it extern "C"`},
		"another is in C++":    {"main.cpp", "int loads() { return 0; }\n" + main, "the linker sees no load: it must not be static"},
		"it is there":          {"main.c", "int load(void) { return 0; }\n" + main, ""},
		"it is there, for C++": {"main.cpp", "extern \"C\" int load() { return 0; }\n" + main, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, log, err := tryBuild(t, set, toolchain.Request{Sources: []string{write(t, c.file, c.text)}, WarmExport: "load"})
			var failed *toolchain.CompileError
			switch {
			case c.want == "" && err != nil:
				t.Errorf("%v\n%s", err, log)
			case c.want != "" && (!errors.As(err, &failed) || !strings.Contains(failed.Hint, c.want)):
				t.Errorf("%v, want the hint %q", err, c.want)
			}
		})
	}
}
