package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"
)

// wazeroCommand is the hidden first argument that makes this binary run a module
// under wazero: wazero-run CACHE FILE.wasm [ARGUMENT...].
const wazeroCommand = "wazero-run"

// wazeroContestant runs a program in a process of this same binary, so that it
// starts from as little as the others do. Its cache of compiled code is kept.
func wazeroContestant(shop *workshop) contestant {
	self, err := os.Executable()
	return contestant{
		name:    "wazero",
		check:   func() error { return err },
		prepare: nothingToPrepare,
		command: func(p program, args []string) ([]string, []string) {
			return append([]string{self, wazeroCommand, shop.path("wazero"), p.path}, args...), nil
		},
	}
}

// runUnderWazero runs the module in its optimising compiler's code, with the
// process's own streams, and returns the guest's exit code.
func runUnderWazero(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	if len(args) < 2 {
		return 2, fmt.Errorf("%s: want CACHE FILE.wasm [ARGUMENT...]", wazeroCommand)
	}
	wasm, err := os.ReadFile(args[1])
	if err != nil {
		return 1, err
	}
	cache, err := wazero.NewCompilationCacheWithDir(args[0])
	if err != nil {
		return 1, fmt.Errorf("open wazero's cache: %w", err)
	}
	defer cache.Close(ctx)
	runtime := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCompilationCache(cache))
	defer runtime.Close(ctx)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, runtime); err != nil {
		return 1, fmt.Errorf("instantiate wazero's WASI: %w", err)
	}
	config := wazero.NewModuleConfig().WithArgs(args[1:]...).WithStdin(stdin).WithStdout(stdout).WithStderr(stderr).
		WithSysWalltime().WithSysNanotime()
	_, err = runtime.InstantiateWithConfig(ctx, wasm, config)
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return int(exit.ExitCode()), nil
	}
	if err != nil {
		return 1, fmt.Errorf("run %s under wazero: %w", args[1], err)
	}
	return 0, nil
}
