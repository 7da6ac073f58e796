module github.com/faaslens/faaslens/bench

go 1.26

replace github.com/faaslens/faaslens => ..

require github.com/tetratelabs/wazero v1.12.0

require golang.org/x/sys v0.44.0 // indirect
