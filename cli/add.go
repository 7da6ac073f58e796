package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/wasm"
)

func (s *session) addCommand() *cobra.Command {
	var strip bool
	var warmExport string
	cmd := &cobra.Command{
		Use:   "add USER/FUNCTION FILE.wasm [flags]",
		Short: "Add a WebAssembly module as a function",
		Long: `Keeps a module that another tool has built as USER/FUNCTION, in place of any of
that name, and compiles it for this machine. Split debug information that was packed
beside the module, as MODULE.dwp, is kept too.`,
		Example: `  faaslens add demo/python python.wasm
  faaslens add demo/app target/wasm32-wasip1/release/app.wasm --strip
  faaslens add demo/model model.wasm --warm-export load_model`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return misuse("want USER/FUNCTION and a file, such as demo/app app.wasm; there are %d arguments", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			began := s.now()
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			module, err := readModule(args[1])
			if err != nil {
				return fmt.Errorf("add %s: %w", name, err)
			}
			dwp, err := readPackage(args[1])
			if err != nil {
				return fmt.Errorf("add %s: %w", name, err)
			}
			if err := checkWarmExport(module, warmExport); err != nil {
				return fmt.Errorf("add %s: %w", name, err)
			}
			st, err := s.openStore()
			if err != nil {
				return err
			}
			defer st.Close()
			ctx, release := interruptible(cmd.Context())
			defer release()
			origin := args[1]
			if abs, err := filepath.Abs(origin); err == nil {
				origin = abs
			}
			kept, err := st.Add(name, module, store.AddOptions{Strip: strip, Package: dwp, Origin: "added from " + origin, WarmExport: warmExport})
			if err != nil {
				return err
			}
			return cause(ctx, s.finish(ctx, "added", kept, began))
		},
	}
	cmd.Flags().BoolVar(&strip, "strip", false, "run a module without debug information, which is kept beside it")
	cmd.Flags().StringVar(&warmExport, "warm-export", "", warmExportUsage)
	return cmd
}

// readPackage reads the package of split debug information beside a module; nil if there
// is none.
func readPackage(module string) ([]byte, error) {
	for _, path := range []string{module + ".dwp", strings.TrimSuffix(module, ".wasm") + ".dwp"} {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return readModule(path)
		}
	}
	return nil, nil
}

// readModule reads a file that may be anything.
func readModule(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: name the .wasm file; 'faaslens build' takes sources", err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory: name the .wasm file in it", path)
	}
	b, err := readAtMost(f, wasm.MaxModuleSize)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return b, nil
}
