// Package gateway answers HTTP: it takes functions in, invokes them, tells what became of
// invocations and shows what is going on. openapi.json describes every path; a test holds
// the two together.
//
// It runs nothing itself: invocations are the scheduler's, functions whoever's implements
// Functions. Faasm's own paths are in package gateway/planner.
//
// Invariants:
//   - a synchronous invocation runs on its request's goroutine and is cancelled when the
//     client goes;
//   - what is read from a client is bounded in size and in time;
//   - every error is a Problem.
//
// What members of a cluster know it asks of all of them, by the interface Members. While a
// client follows the log it has a goroutine for each; otherwise it owns none.
package gateway
