// Package spelling finds the names that somebody may have meant who wrote another.
package spelling

import (
	"slices"
	"strings"
)

// Nearest returns at most three of the names that differ little from want, or that
// have its second half behind a slash, the nearest first.
func Nearest(want string, names []string) []string {
	type candidate struct {
		name string
		far  int
	}
	var found []candidate
	_, function, _ := strings.Cut(want, "/")
	for _, n := range names {
		far := distance(strings.ToLower(want), strings.ToLower(n))
		_, f, _ := strings.Cut(n, "/")
		if far <= max(2, len(want)/4) || f == function && f != "" {
			found = append(found, candidate{n, far})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.far - b.far })
	var near []string
	for _, c := range found[:min(3, len(found))] {
		near = append(near, c.name)
	}
	return near
}

// distance is how many letters must be put in, left out or changed to make b of a
// (Levenshtein's).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
