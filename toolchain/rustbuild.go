package toolchain

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// rustModule builds a single file with rustc, a crate with cargo.
func (b *build) rustModule(ctx context.Context) error {
	b.compiler = b.Toolset.Rust.Rustc + " " + b.Toolset.Rust.Version.String()
	if len(b.sources) > 1 {
		return fmt.Errorf("sources %s and %s: name the file with main alone, which brings its modules, or the crate's directory", b.sources[0].path, b.sources[1].path)
	}
	if err := refuseOutput(b.Flags); err != nil {
		return err
	}
	if b.sources[0].dir {
		return b.cargoModule(ctx)
	}
	return b.rustcModule(ctx)
}

// rustCodegen are the flags that rustc gets in either case.
func (b *build) rustCodegen() []string {
	flags := []string{"-Ctarget-feature=+simd128"}
	if b.Toolset.Rust.buildID {
		flags = append(flags, "-Clink-arg=--build-id=sha1")
	}
	return flags
}

func (b *build) rustcModule(ctx context.Context) error {
	r := b.Toolset.Rust
	args := []string{"--target", r.Target, "--edition", "2021", "-g", "-Copt-level=" + string(b.Opt.orDefault())}
	args = append(args, b.rustCodegen()...)
	args = append(args, b.colourFlag()...)
	args = append(args, b.Flags...)
	args = append(args, b.sources[0].path, "-o", b.module)
	return b.exec(ctx, "compile "+b.sources[0].path, process{path: r.Rustc, args: args, dir: b.Dir, env: b.host.Env})
}

func (b *build) colourFlag() []string {
	if b.Colour {
		return []string{"--color=always"}
	}
	return []string{"--color=never"}
}

// cargoModule builds a crate's only program, or the one that the user's flags
// choose. The profile is release with debug information; settings go by the
// environment, so that the crates it depends on follow them too.
func (b *build) cargoModule(ctx context.Context) error {
	r := b.Toolset.Rust
	if r.Cargo == "" {
		return r.MissingCargo
	}
	args := []string{"build", "--release", "--target", r.Target, "--message-format=json-render-diagnostics"}
	args = append(args, b.colourFlag()...)
	args = append(args, b.Flags...)
	rustflags := strings.Fields(b.host.getenv("RUSTFLAGS"))
	messages := cappedBuffer{limit: 64 << 20}
	err := b.exec(ctx, "cargo build", process{
		path: r.Cargo, args: args, dir: within(b.Dir, b.sources[0].path), stdout: &messages,
		env: b.host.with(
			"RUSTC="+r.Rustc,
			"CARGO_PROFILE_RELEASE_OPT_LEVEL="+string(b.Opt.orDefault()),
			"CARGO_PROFILE_RELEASE_DEBUG=2",
			"CARGO_PROFILE_RELEASE_STRIP=none",
			"CARGO_ENCODED_RUSTFLAGS="+strings.Join(append(b.rustCodegen(), rustflags...), "\x1f"),
		),
	})
	if err != nil {
		return err
	}
	programs := cargoPrograms(messages.buf.Bytes())
	switch len(programs) {
	case 0:
		return fmt.Errorf("crate %s: it has no program: a function needs src/main.rs or a [[bin]] in Cargo.toml", b.sources[0].path)
	case 1:
	default:
		return fmt.Errorf("crate %s: it has %d programs: choose one with -- --bin NAME", b.sources[0].path, len(programs))
	}
	data, err := os.ReadFile(programs[0])
	if err == nil {
		err = os.WriteFile(b.module, data, 0o644)
	}
	if err != nil {
		return fmt.Errorf("crate %s: take what cargo built: %w", b.sources[0].path, err)
	}
	return nil
}

// cargoPrograms reads cargo's messages, one JSON object a line (The Cargo Book,
// External tools, JSON messages), and returns the modules of the crate's programs.
func cargoPrograms(messages []byte) []string {
	var programs []string
	lines := bufio.NewScanner(bytes.NewReader(messages))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var m struct {
			Reason    string
			Target    struct{ Kind []string }
			Filenames []string
		}
		if json.Unmarshal(lines.Bytes(), &m) != nil || m.Reason != "compiler-artifact" || len(m.Target.Kind) != 1 || m.Target.Kind[0] != "bin" {
			continue
		}
		for _, name := range m.Filenames {
			if filepath.Ext(name) == ".wasm" {
				programs = append(programs, name)
			}
		}
	}
	return programs
}
