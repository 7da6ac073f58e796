package toolchain

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Host is the machine as the caller wants it seen. The zero value has no
// environment, and therefore no PATH: nothing but what lies in fixed places is found.
type Host struct {
	// Env is the environment, each "KEY=VALUE", as [os.Environ] returns it. PATH
	// says where to look for compilers; WASI_SDK_PATH may name a WASI SDK;
	// TMPDIR, where temporary files go. All of it is handed to the compilers.
	Env []string
	// Root stands before the fixed places /usr and /opt; empty means "/".
	Root string
}

// getenv returns a variable's value; the last of several entries counts.
func (h Host) getenv(key string) string {
	for _, kv := range slices.Backward(h.Env) {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			return v
		}
	}
	return ""
}

// with returns the environment with more variables set.
func (h Host) with(kv ...string) []string {
	return append(slices.Clone(h.Env), kv...)
}

// fixed returns a path in a fixed place.
func (h Host) fixed(path string) string {
	return filepath.Join("/", h.Root, path)
}

func (h Host) tempDir() string {
	if d := h.getenv("TMPDIR"); d != "" {
		return d
	}
	return "/tmp"
}

// lookPath finds every executable file of that name, in the order of the PATH.
// Relative entries of the PATH are ignored, as they are by os/exec.
func (h Host) lookPath(name string) []string {
	var found []string
	for _, dir := range filepath.SplitList(h.getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		if p := filepath.Join(dir, name); isExecutable(p) && !slices.Contains(found, p) {
			found = append(found, p)
		}
	}
	return found
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// realPath follows symbolic links, or returns the path itself.
func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
