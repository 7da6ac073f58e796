// Package scheduler owns invocations from their acceptance to the day their results are
// forgotten. It decides when each runs, starts those that functions chain, passes
// deadlines and cancellation down, and keeps what is needed to tell afterwards what
// happened: who called whom, how long each waited and ran, and how it ended.
//
// It knows functions only through the interface Functions and other machines only through
// Others, and nothing of HTTP or of the command line.
//
// Invariants:
//   - at most Config.Workers guests run at a time; one that waits for a chained call
//     does not count, so a parent never holds what its child needs;
//   - an invocation that was accepted ends in exactly one Result;
//   - what is kept is bounded in number, in bytes and in time.
//
// Goroutines: each invocation that was started has one, which ends with it; Scheduler
// owns one more, which forgets old results and ends with Close.
package scheduler
