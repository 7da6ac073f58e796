// Package engine runs WebAssembly modules: it compiles them and keeps the images,
// makes a fresh instance for every invocation, links it to the host calls described
// by package hostcall, holds it to its limits and stops it when it must be stopped.
// It knows nothing of what the calls do, of where functions are stored or of how
// results are shown.
//
// Invariants:
//   - nothing of one invocation is left for the next: each has a store and an
//     instance of its own, and memory goes back to its first state with them;
//   - whatever a guest does ends in one of package guest's error types;
//   - a running guest can be stopped at any instruction, at no cost before;
//   - code that has been compiled is loaded from a file only if it is what this
//     engine, on this processor, wrote there.
//
// Goroutines: [Engine] owns one, the watcher (watch.go), which ends with Close.
package engine
