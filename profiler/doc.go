// Package profiler makes profiles in which the host's frames and the guests' share
// every stack, in the format of github.com/google/pprof:
//
//   - [CPU]: where processor time goes, by Go's own profiler;
//   - [Wall]: where time passes, host calls by name;
//   - [HostAlloc]: what the host allocates, and for which guest frames;
//   - [Live]: where running invocations are.
//
// It sees guests by what [Code] is told of their compiled code, by the host calls that
// it observes and by stacks that it is given. It starts none, and nothing of it is
// installed until a profile is started. Guests' frames are part of Go's stacks only
// once the engine mixes them (engine.MixStacks).
//
// What is in a profile:
//
//   - a guest's function has the mapping "wasm:USER/FUNCTION", with the module's build
//     id or the first 20 bytes of its SHA-256; locations have all inlined calls, with
//     file, line and column, and functions both names and the line of their declaration;
//   - code that the engine puts around functions has its name, in the same mapping;
//   - C code of the host has the name that the program's or library's symbol table
//     gives; the engine's own frames between such a leaf and the guest are not known;
//   - "[host calls]" is the mapping of host calls by name, "[invocation]" that of the
//     other parts of a wall profile, and "[unknown]" that of samples whose stack nobody
//     knows and of frames that were left out.
//
// Labels: user, function (USER/FUNCTION), start (cold for a function's first invocation
// in this process, else warm), and where they apply invocation, call and part.
package profiler
