package toolchain

import (
	"slices"
	"strings"
)

// MissingTool is a part that a build needs and the machine does not have. It is
// an error; its text is two lines, the second of which can be typed.
type MissingTool struct {
	// What names the part: "wasm-ld-19", "the C library for WebAssembly (wasi-libc)".
	What string
	// Why says what it is needed for, or what is wrong with what was found.
	Why string
	// Packages are the Debian packages that provide it, if there are any.
	Packages []string
	// Install is what to do: a command, or a sentence where no command helps.
	Install string
}

func (m *MissingTool) Error() string {
	return "missing " + m.What + ": " + m.Why + "\n  install it with: " + m.Install
}

// debian returns a missing part that Debian packages provide.
func debian(what, why string, packages ...string) *MissingTool {
	return &MissingTool{What: what, Why: why, Packages: packages, Install: aptInstall(packages)}
}

func aptInstall(packages []string) string {
	return "apt-get install " + strings.Join(packages, " ")
}

// mergeMissing makes one error of several parts, so that the user types one
// command. It returns nil if nothing is missing.
func mergeMissing(parts []*MissingTool) *MissingTool {
	if len(parts) == 0 {
		return nil
	}
	var what, why, packages, other []string
	for _, p := range parts {
		what = append(what, p.What)
		if !slices.Contains(why, p.Why) {
			why = append(why, p.Why)
		}
		if len(p.Packages) == 0 {
			other = append(other, p.Install)
		}
		for _, name := range p.Packages {
			if !slices.Contains(packages, name) {
				packages = append(packages, name)
			}
		}
	}
	install := other
	if len(packages) > 0 {
		install = append([]string{aptInstall(packages)}, other...)
	}
	return &MissingTool{
		What:     strings.Join(what, ", "),
		Why:      strings.Join(why, "; "),
		Packages: packages,
		Install:  strings.Join(install, "; "),
	}
}
