// Package sharedfile keeps the files that functions reach as faasm://PATH the same on all
// hosts. Each host has a directory with those that were used there; the newest content of
// each is with a Remote. Without one, the directory is all there is.
//
// It is close-to-open, as NFS has it: what was written becomes the newest content, all of it
// at once, before the close returns, and an open fetches the newest content before it
// returns. A reader that has a file open goes on reading what it opened. Functions of one
// host that have a file open for writing share its bytes as they do without this package,
// and what another host writes meanwhile is not fetched. Of two hosts that write a file at
// the same time, who closes last has written all of it.
//
// A file in the directory that was never with the Remote is this host's own, until it is
// written by a function or by Put.
//
// Paths are relative, with slashes; none leads out of the directory. Content goes through
// files, never as a whole through memory. The package owns no goroutines.
package sharedfile
