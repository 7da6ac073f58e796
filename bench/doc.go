// Command bench measures Faaslens against bare baselines and against other
// runtimes, all in one run on one machine, and prints ratios.
//
// Every benchmark interleaves its subjects in rounds (A B C, A B C, ...), so that
// a drift of the machine meets all of them, compares within a round, and reports
// the median over the rounds. The spread beside a figure is the distance from the
// smallest to the largest of its samples as a share of their median: where it is
// large, the machine was not quiet and the figure says little.
//
// Benchmarks declare floors as data. Each run prints which of them hold, and with
// -assert the command fails when one does not.
//
// It is a module of its own so that the runtimes it compares with stay out of the
// product's dependencies. Run it from the repository's root:
//
//	go run -C bench . -run kernels
package main
