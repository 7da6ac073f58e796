// Package bus is what the processes of a cluster share, on NATS with JetStream: a queue
// of invocations that are to be run, the results of those that ended, the modules of
// functions, and the global tier of state. The server is one of its own inside the
// process, or any other by its URL.
//
// It keeps bytes and knows nothing of what they mean, but for state's values. What it
// has accepted it has stored: with the server inside, a killed process loses nothing; a
// machine that loses power may lose what it was told within Config.Sync.
//
// Goroutines: the server's and the connection's, which end with Close; each Consumer's,
// which end with Stop.
package bus
