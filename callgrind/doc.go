// Package callgrind names guest code in what valgrind's callgrind writes.
//
// Valgrind knows nothing of code that is compiled at run time: its costs stand at
// addresses without functions or lines. Given an ELF file with symbols and lines for such
// code ([Open]), [Rename] writes the profile anew so that callgrind_annotate and
// KCachegrind show functions, source lines and machine code.
//
// The format is that of the Valgrind manual, "Callgrind Format Specification". Input is
// not trusted: what is not understood is an error, and memory follows the input's size.
package callgrind
