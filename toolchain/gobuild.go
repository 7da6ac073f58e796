package toolchain

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// goModule builds a Go program with the Go toolchain itself.
func (b *build) goModule(ctx context.Context) error {
	b.compiler = b.Toolset.Go.Path + " " + b.Toolset.Go.Version.String()
	if err := refuseOutput(b.Flags); err != nil {
		return err
	}
	dir, packages, err := b.goPackages()
	if err != nil {
		return err
	}
	args := []string{"build", "-o", b.module}
	if b.Opt == O0 {
		args = append(args, "-gcflags=all=-N -l")
	}
	args = append(args, b.Flags...)
	args = append(args, packages...)
	return b.exec(ctx, "go build", process{
		path: b.Toolset.Go.Path, args: args, dir: dir,
		env: b.host.with("GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0"),
	})
}

// goPackages says where to run go build, and on what. Go finds the module by the
// directory it runs in. A directory outside every module is built as a list of files.
func (b *build) goPackages() (dir string, packages []string, err error) {
	first := b.sources[0]
	if first.dir && len(b.sources) > 1 {
		return "", nil, fmt.Errorf("sources %s and %s: name one Go package's directory, or the files of one", first.path, b.sources[1].path)
	}
	if first.dir {
		dir = within(b.Dir, first.path)
		if inGoModule(dir) {
			return dir, []string{"."}, nil
		}
		files, err := goFiles(dir)
		return dir, files, err
	}
	dir = within(b.Dir, filepath.Dir(first.path))
	for _, s := range b.sources {
		if s.dir || within(b.Dir, filepath.Dir(s.path)) != dir {
			return "", nil, fmt.Errorf("sources %s and %s: the files of a Go program lie in one directory", first.path, s.path)
		}
		packages = append(packages, "./"+filepath.Base(s.path))
	}
	return dir, packages, nil
}

func goFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("go package %s: %w", dir, err)
	}
	var files []string
	for _, e := range entries {
		if name := e.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			files = append(files, "./"+name)
		}
	}
	return files, nil
}

func inGoModule(dir string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	for {
		if isFile(filepath.Join(dir, "go.mod")) {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}

// refuseOutput rejects the flag that says where to write, which the build decides.
func refuseOutput(flags []string) error {
	for _, f := range flags {
		if f == "-o" || strings.HasPrefix(f, "-o=") {
			return refusal("-o", "name the function instead")
		}
	}
	return nil
}
