// Package worker runs functions: it joins what the store keeps, what the engine runs
// and what the host calls need into one invocation, from a function's name to its
// outcome. It prepares a function once and invokes it any number of times, at once
// too. It reads no flags and no environment and prints nothing.
package worker
