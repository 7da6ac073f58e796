package engine

import (
	"github.com/faaslens/faaslens/engine/internal/wasmtime"
	"github.com/faaslens/faaslens/symfile"
)

// announce tells gdb and lldb of the module's code where it was compiled for them. They
// hear of code that is about to run only: where one has breakpoints, it writes them into
// the code, and they must not get into the cache.
func (m *Module) announce(n *wasmtime.Module) {
	if !m.engine.cfg.DebugInfo {
		return
	}
	err := n.Announce(func(memory uintptr) ([]byte, error) {
		return symfile.Build(symfile.Code{Image: n.Image(), Base: n.Base(), Module: m.parsed, Memory: memory})
	})
	if err != nil {
		m.engine.cfg.Log.Error("debuggers cannot be told of compiled code", "error", err)
	}
}
