// Package cluster joins a scheduler with a bus: invocations that are accepted are stored
// before they are acknowledged, are run by whichever process has room, and leave their
// results where every process finds them. With the bus inside, one process is a cluster.
//
// What it promises: an accepted invocation is run to its end at least once, also if the
// process that ran it dies; its result is kept for as long as the bus keeps results. What
// a function does twice because of that is the function's to bear.
//
// Members also run chained invocations for one another, when one has no worker free and
// another has, and answer one another's questions about what they do. What they say for
// that is not stored: who gave an invocation away asks after it and has it run again where
// nobody answers.
//
// Numbers: invocations that were accepted here have even ones, drawn so that no other of
// the cluster has the same; those that only a scheduler knows have odd ones.
//
// Goroutines: those that Cluster lists; Close ends them.
package cluster
