package engine

import "github.com/faaslens/faaslens/engine/internal/wasmtime"

// Version names the engine and its release. Compiled images belong to one version.
const Version = "wasmtime " + wasmtime.Version
