// Package perf tells Linux's perf about compiled guest code: which function and which
// line of the source is at each address.
//
// There are two ways, as perf has them. A [Dump] is a jitdump file, that perf inject
// reads; it has what is known of each function, or names for each compiled image one ELF
// file ([WriteObject]) with symbols, line tables, inlined functions and unwind tables, or
// both. A [Map] is the text file
// /tmp/perf-PID.map with names alone, for code that is in no file.
//
// The package reads compiled images by package codemap and sources by package symbol.
// It does not run perf, except that [Fold] reads what perf script prints.
package perf
