package toolchain

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// RustTool is a Rust compiler that has the standard library for WASI.
type RustTool struct {
	Rustc   string
	Version Version
	// Target is the name of the target: wasm32-wasip1 since Rust 1.78,
	// wasm32-wasi before.
	Target string
	// Cargo is the cargo that goes with it; empty if there is none.
	Cargo string
	// MissingCargo says what to install where Cargo is empty.
	MissingCargo *MissingTool

	// Newer names a newer rustc that was passed over because it lacks the
	// library; often empty.
	Newer string

	buildID bool // its linker writes build ids
}

var rustTargets = [...]string{"wasm32-wasip1", "wasm32-wasi"}

// findRust takes the first rustc, out of the PATH, rustup's directory and
// Debian's, that has the standard library for a WASI target.
func findRust(ctx context.Context, h Host) (*RustTool, *MissingTool) {
	var without string
	var withoutVersion Version
	var lld *MissingTool
	for _, rustc := range rustcCandidates(h) {
		out, err := h.probe(ctx, rustc, "--version")
		version, ok := parseVersion("rustc", out)
		if err != nil || !ok {
			continue
		}
		target, ok := rustTarget(ctx, h, rustc)
		if !ok {
			if withoutVersion.Less(version) {
				without, withoutVersion = rustc, version
			}
			continue
		}
		linker, problem := rustLinker(ctx, h, rustc, version)
		if problem != nil {
			lld = problem
			continue
		}
		r := &RustTool{Rustc: rustc, Version: version, Target: target, buildID: linker.Major >= buildIDLinker}
		if version.Less(withoutVersion) {
			r.Newer = fmt.Sprintf("%s (%s)", without, withoutVersion)
		}
		r.findCargo(ctx, h)
		return r, nil
	}
	if lld != nil {
		return nil, lld
	}
	m := debian("Rust for WebAssembly", "Rust sources need rustc with the standard library for wasm32-wasip1",
		"rustc", "cargo", "libstd-rust-dev-wasm32", "lld-14")
	if without != "" {
		m.Why += "; " + without + " has none"
	}
	if len(h.lookPath("rustup")) > 0 {
		m.Packages, m.Install = nil, "rustup target add wasm32-wasip1   (or Debian's: "+m.Install+")"
	}
	return nil, m
}

func rustcCandidates(h Host) []string {
	candidates := h.lookPath("rustc")
	if home := h.getenv("CARGO_HOME"); home != "" {
		candidates = append(candidates, filepath.Join(home, "bin/rustc"))
	}
	if home := h.getenv("HOME"); home != "" {
		candidates = append(candidates, filepath.Join(home, ".cargo/bin/rustc"))
	}
	candidates = append(candidates, h.fixed("/usr/bin/rustc"))
	more, _ := filepath.Glob(h.fixed("/usr/lib/rust-*/bin/rustc")) // the pattern is well formed
	var found []string
	for _, c := range append(candidates, more...) {
		if isExecutable(c) {
			found = append(found, c)
		}
	}
	return found
}

// rustTarget returns the target whose standard library is installed: a compiler
// names a directory also for one that is not.
func rustTarget(ctx context.Context, h Host, rustc string) (string, bool) {
	for _, target := range rustTargets {
		dir, err := h.probe(ctx, rustc, "--print", "target-libdir", "--target", target)
		if err != nil || dir == "" {
			continue
		}
		if std, _ := filepath.Glob(filepath.Join(dir, "libstd-*.rlib")); len(std) > 0 {
			return target, true
		}
	}
	return "", false
}

// rustLinker finds the rust-lld that rustc will start by itself, in its own
// directories and then on the PATH, and that linker's version. Debian's is a link
// to lld-14, which rustc's package does not pull in.
func rustLinker(ctx context.Context, h Host, rustc string, version Version) (Version, *MissingTool) {
	var candidates []string
	if sysroot, err := h.probe(ctx, rustc, "--print", "sysroot"); err == nil && sysroot != "" {
		candidates, _ = filepath.Glob(filepath.Join(sysroot, "lib/rustlib/*/bin/rust-lld"))
	}
	for _, p := range append(candidates, h.lookPath("rust-lld")...) {
		if !isExecutable(p) {
			continue
		}
		out, err := h.probe(ctx, p, "-flavor", "wasm", "--version")
		if v, ok := parseVersion("LLD", out); err == nil && ok {
			return v, nil
		}
	}
	return Version{}, debian("the linker of Rust", fmt.Sprintf("rustc %s starts rust-lld, which is on no PATH or links to nothing", version), "lld-14")
}

// findCargo takes the cargo beside rustc, or one on the PATH of about the same
// age: cargo asks rustc questions that an older one does not understand.
func (r *RustTool) findCargo(ctx context.Context, h Host) {
	candidates := append([]string{filepath.Join(filepath.Dir(r.Rustc), "cargo")}, h.lookPath("cargo")...)
	var newer string
	for _, path := range candidates {
		if !isExecutable(path) {
			continue
		}
		out, err := h.probe(ctx, path, "--version")
		v, ok := parseVersion("cargo", out)
		if err != nil || !ok {
			continue
		}
		if v.Minor <= r.Version.Minor+cargoLead {
			r.Cargo = path
			return
		}
		newer = fmt.Sprintf("; %s is %s, too new for it", path, v)
	}
	why := fmt.Sprintf("a crate is built by the cargo that goes with %s (%s)%s", r.Rustc, r.Version, newer)
	if strings.HasPrefix(r.Rustc, h.fixed("/usr/bin")) {
		r.MissingCargo = debian("cargo", why, "cargo")
		return
	}
	r.MissingCargo = &MissingTool{What: "cargo", Why: why, Install: "the cargo of the same release, in " + filepath.Dir(r.Rustc)}
}

// cargoLead is how many releases a cargo may be newer than rustc. Debian 12 pairs
// cargo 1.65 with rustc 1.63.
const cargoLead = 3
