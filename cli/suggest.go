package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/spelling"
	"github.com/faaslens/faaslens/store"
)

// suggest adds the names that are nearest to one that was not found.
func suggest(st *store.Store, name guest.Name, err error) error {
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	names, listErr := st.Names()
	if listErr != nil {
		return err // what is wrong with the list is not what was asked
	}
	near := spelling.Nearest(name.String(), names)
	if len(near) == 0 {
		return err
	}
	return fmt.Errorf("%w\n  did you mean %s?", err, strings.Join(near, " or "))
}

// parseFunction reads the name of a function from the command line.
func parseFunction(arg string) (guest.Name, error) {
	name, err := guest.ParseName(arg)
	if err != nil {
		return name, &usageError{err}
	}
	return name, nil
}
