// Package cli is the command line: the only reader of flags and of the environment,
// and where everything is wired together. One file holds one subcommand. It decides
// nothing about functions: it hands values down, and says in words what came back.
//
// [Main] takes its arguments, streams and environment, so that tests run it as main
// does. Called by the name of one of Faasm's tools (simple_runner, func_runner,
// codegen_func) it is that tool.
//
// What an invocation's end means for the exit code is in exitcode.go; what is said
// about it in ending.go and stack.go.
package cli
