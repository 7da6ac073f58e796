package toolchain

import (
	"errors"
	"fmt"
	"strings"
)

// adviseOnWarmExport adds the next step to the linker's complaint that there is no function
// of the name that shall prepare the program.
func (c *cBuild) adviseOnWarmExport(err error, objects []string) error {
	var failed *CompileError
	if c.WarmExport == "" || !errors.As(err, &failed) {
		return err
	}
	complaint := "symbol exported via --export not found: " + c.WarmExport
	for line := range strings.Lines(failed.Output) {
		if strings.HasSuffix(strings.TrimSpace(line), complaint) {
			failed.Hint = c.warmExportHint(objects)
		}
	}
	return err
}

func (c *cBuild) warmExportHint(objects []string) string {
	// How C++ compilers spell a function outside of namespaces: Itanium C++ ABI, 5.1.2.
	if c.anyMentions(objects, fmt.Sprintf("_Z%d%s", len(c.WarmExport), c.WarmExport)) {
		return fmt.Sprintf(`%s is a C++ function here, whose name the linker does not know: declare it extern "C"`, c.WarmExport)
	}
	return fmt.Sprintf(`--warm-export names a function of the sources, and the linker sees no %s: it must not be static, and in C++ it must be extern "C"`, c.WarmExport)
}
