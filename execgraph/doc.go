// Package execgraph shows who called whom: an invocation with those that it chained, as
// Faasm's JSON, as a tree for terminals, as DOT for Graphviz and as a drawing over time.
//
// It takes what package scheduler knows and changes none of it. Names and messages in a
// graph come from guests: every form escapes them.
package execgraph
