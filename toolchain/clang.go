package toolchain

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// newestClang and oldestClang bound the numbered names that are looked for. 14 is
// the oldest whose WebAssembly output is known to be good.
const (
	newestClang = 30
	oldestClang = 14
	// preferredClang is the release to install where there is a choice: from 19
	// on, four times as many variables keep a location in optimised code as in 14.
	preferredClang = 19
)

// Clang is one clang and what belongs to it.
type Clang struct {
	Path    string
	Version Version
	// Linker is the wasm-ld used with it.
	Linker        string
	LinkerVersion Version
	// Builtins is the archive of compiler-rt for WebAssembly.
	Builtins string
	Sysroot  Sysroot
	// Missing is what C needs and this clang lacks; MissingCXX is what C++ needs
	// on top of that.
	Missing, MissingCXX []*MissingTool

	banner      string // first line of --version
	resourceDir string
}

// lacks returns what stands between this clang and a build.
func (c Clang) lacks(lang Lang) []*MissingTool {
	if lang == CXX {
		return slices.Concat(c.Missing, c.MissingCXX)
	}
	return c.Missing
}

// findClangs looks at every clang, a WASI SDK that the environment names first,
// then the newest first.
func findClangs(ctx context.Context, h Host) []Clang {
	var found []Clang
	seen := map[string]bool{}
	add := func(path string, sysroot Sysroot, hasSysroot bool) {
		if real := realPath(path); !seen[real] {
			seen[real] = true
			if c, ok := inspectClang(ctx, h, path, sysroot, hasSysroot); ok {
				found = append(found, c)
			}
		}
	}
	if sdk := h.getenv("WASI_SDK_PATH"); sdk != "" {
		s, ok := sdkSysroot(filepath.Join(sdk, "share/wasi-sysroot"))
		add(filepath.Join(sdk, "bin/clang"), s, ok)
	}
	named := len(found)
	if sdk := h.fixed("/opt/wasi-sdk"); isDir(sdk) {
		s, ok := sdkSysroot(filepath.Join(sdk, "share/wasi-sysroot"))
		add(filepath.Join(sdk, "bin/clang"), s, ok)
	}
	sysroot, ok := debianSysroot(h)
	if !ok {
		sysroot, ok = sdkSysroot(h.fixed("/usr/share/wasi-sysroot"))
	}
	for _, name := range clangNames() {
		for _, path := range h.lookPath(name) {
			add(path, sysroot, ok)
		}
	}
	slices.SortStableFunc(found[named:], func(a, b Clang) int {
		if a.Version == b.Version {
			return 0
		}
		if b.Version.Less(a.Version) {
			return -1
		}
		return 1
	})
	return found
}

func clangNames() []string {
	var names []string
	for n := newestClang; n >= oldestClang; n-- {
		names = append(names, "clang-"+strconv.Itoa(n))
	}
	return append(names, "clang")
}

// inspectClang asks one clang about itself; ok is false if it is none that counts.
func inspectClang(ctx context.Context, h Host, path string, sysroot Sysroot, hasSysroot bool) (Clang, bool) {
	if !isExecutable(path) {
		return Clang{}, false
	}
	out, err := h.probe(ctx, path, "--version")
	version, ok := parseVersion("clang version", out)
	if err != nil || !ok || version.Major < oldestClang {
		return Clang{}, false
	}
	banner, _, _ := strings.Cut(out, "\n")
	c := Clang{Path: path, Version: version, Sysroot: sysroot, banner: banner}
	n := strconv.Itoa(version.Major)

	if targets, err := h.probe(ctx, path, "--print-targets"); err != nil || !strings.Contains(targets, "wasm32") {
		c.Missing = append(c.Missing, debian("a clang for WebAssembly",
			path+" has no wasm32 target", "clang-"+strconv.Itoa(preferredClang)))
	}
	c.findLinker(ctx, h)
	if sysroot.Root == "" {
		c.Sysroot.Target = debianTarget(version)
	}
	c.Builtins, _ = h.probe(ctx, path, "--target="+c.Sysroot.Target, "-rtlib=compiler-rt", "-print-libgcc-file-name")
	c.resourceDir, _ = h.probe(ctx, path, "-print-resource-dir")
	if !isFile(c.Builtins) {
		c.Builtins = ""
		c.Missing = append(c.Missing, debian("compiler-rt for wasm32",
			"clang "+n+" calls its functions for what WebAssembly has no instruction for", "libclang-rt-"+n+"-dev-wasm32"))
	}
	if !hasSysroot {
		c.Missing = append(c.Missing, debian("the C library for WebAssembly",
			"no headers and libc.a in "+h.fixed("/usr/include/wasm32-wasi")+" and "+h.fixed("/usr/lib/wasm32-wasi")+", and no WASI SDK", "wasi-libc"))
	}
	c.checkCXX()
	return c, true
}

// debianTarget is the target to name where the directories do not depend on it:
// clang 22 warns of the old name, and clang 18 is the first to know the new one.
func debianTarget(v Version) string {
	if v.Major >= 20 {
		return "wasm32-wasip1"
	}
	return "wasm32-wasi"
}

// findLinker takes the linker beside the compiler, the one with its number, or
// the first wasm-ld that is at least as new: an older one may not read the
// compiler's objects.
func (c *Clang) findLinker(ctx context.Context, h Host) {
	n := strconv.Itoa(c.Version.Major)
	var candidates []string
	for _, p := range []string{
		filepath.Join(filepath.Dir(c.Path), "wasm-ld-"+n),
		filepath.Join(filepath.Dir(realPath(c.Path)), "wasm-ld"),
		filepath.Join(filepath.Dir(c.Path), "wasm-ld"),
	} {
		if isExecutable(p) {
			candidates = append(candidates, p)
		}
	}
	candidates = slices.Concat(candidates, h.lookPath("wasm-ld-"+n), h.lookPath("wasm-ld"))
	var old string
	for _, p := range candidates {
		out, err := h.probe(ctx, p, "--version")
		v, ok := parseVersion("LLD", out)
		if err != nil || !ok {
			continue
		}
		if v.Major >= c.Version.Major {
			c.Linker, c.LinkerVersion = p, v
			return
		}
		old = fmt.Sprintf("; %s is version %d, too old for clang %s", p, v.Major, n)
	}
	c.Missing = append(c.Missing, debian("the linker wasm-ld-"+n, "clang "+n+" needs it to make a module"+old, "lld-"+n))
}

// checkCXX compares the C++ library with the compiler. Each release of libc++
// promises to work with the two newest releases of clang at its time, so with
// a clang at most two releases older than itself.
func (c *Clang) checkCXX() {
	n := strconv.Itoa(c.Version.Major)
	packages := []string{"libc++-" + n + "-dev-wasm32", "libc++abi-" + n + "-dev-wasm32"}
	switch cxx := c.Sysroot.CXX; {
	case cxx == Version{}:
		c.MissingCXX = []*MissingTool{debian("the C++ library for WebAssembly", "C++ sources need libc++ and libc++abi for wasm32", packages...)}
	case cxx.Major > c.Version.Major+2:
		cn := strconv.Itoa(cxx.Major)
		c.MissingCXX = []*MissingTool{debian("a clang that fits the C++ library",
			fmt.Sprintf("the installed libc++ %s needs clang %d or newer, and %s is %s", cxx, cxx.Major-2, c.Path, c.Version),
			"clang-"+cn, "lld-"+cn, "libclang-rt-"+cn+"-dev-wasm32")}
	}
}

// noClang is what is missing where there is no clang at all.
func noClang(h Host, lang Lang) []*MissingTool {
	n := strconv.Itoa(preferredClang)
	packages := []string{"clang-" + n, "lld-" + n, "wasi-libc", "libclang-rt-" + n + "-dev-wasm32"}
	if lang == CXX {
		packages = append(packages, "libc++-"+n+"-dev-wasm32", "libc++abi-"+n+"-dev-wasm32")
	}
	return []*MissingTool{debian("clang", fmt.Sprintf("no clang of version %d or newer on the PATH or in a WASI SDK", oldestClang), packages...)}
}
