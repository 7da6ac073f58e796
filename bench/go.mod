module github.com/faaslens/faaslens/bench

go 1.26.0

replace github.com/faaslens/faaslens => ..

require (
	github.com/faaslens/faaslens v0.0.0-00010101000000-000000000000
	github.com/google/pprof v0.0.0-20261016150608-1facf8f91b50
	github.com/tetratelabs/wazero v1.12.0
	golang.org/x/sys v0.49.0
)

require (
	github.com/bytecodealliance/wasmtime-go/v39 v39.0.1 // indirect
	github.com/ianlancetaylor/demangle v0.0.0-20260724033716-83e58baca724 // indirect
)
