// Package state keeps the values that functions share, in two tiers as Faasm has them.
// The local tier is memory of this host: all functions of a host that use a value share
// the same bytes, also by mapping them. The global tier keeps values for all hosts, and
// for good where it is durable. What a function writes is local until it is pushed; what
// it reads is fetched from the global tier once, until it is pulled again.
//
// Values move between the tiers in chunks of 64 KiB, and only those chunks that are
// used, so that a value may be larger than what is ever looked at of it.
//
// Invariants: a value's size never changes while it is known on this host; bytes that
// are dirty are never overwritten by fetching, except when they are pulled; a push sends
// every byte that was dirty when it began, and no clean one where it is partial.
//
// Locks are between the functions of one host, as in Faasm. The package owns no
// goroutines.
package state
