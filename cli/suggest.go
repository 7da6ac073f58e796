package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
)

// suggest adds the names that are nearest to one that was not found.
func suggest(st *store.Store, name guest.Name, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	all, listErr := st.List("")
	if listErr != nil {
		return err // what is wrong with the list is not what was asked
	}
	var names []string
	for _, f := range all {
		names = append(names, f.Name.String())
	}
	near := nearest(name.String(), names)
	if len(near) == 0 {
		return err
	}
	return fmt.Errorf("%w\n  did you mean %s?", err, strings.Join(near, " or "))
}

// nearest returns at most three of the names that differ little from want, or that
// have its second half, the nearest first.
func nearest(want string, names []string) []string {
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

// parseFunction reads the name of a function from the command line.
func parseFunction(arg string) (guest.Name, error) {
	name, err := guest.ParseName(arg)
	if err != nil {
		return name, &usageError{err}
	}
	return name, nil
}
