package guest

import (
	"fmt"
	"strings"
)

// Name addresses a function: the user who owns it and its name, written
// USER/FUNCTION.
type Name struct {
	User, Function string
}

// String returns "USER/FUNCTION".
func (n Name) String() string { return n.User + "/" + n.Function }

// maxNamePart bounds one half of a name, so that it stays a legal file name with
// room for suffixes.
const maxNamePart = 128

// ParseName reads USER/FUNCTION. Each half has 1 to 128 characters out of
// letters, digits, '_', '-' and '.', and does not start with a '.' or a '-': it
// becomes a directory's name.
func ParseName(s string) (Name, error) {
	user, function, ok := strings.Cut(s, "/")
	if !ok {
		return Name{}, fmt.Errorf("function name %q: want USER/FUNCTION, such as demo/hello", s)
	}
	n := Name{User: user, Function: function}
	if err := n.Validate(); err != nil {
		return Name{}, err
	}
	return n, nil
}

// Validate reports what is wrong with the name's parts, or nil.
func (n Name) Validate() error {
	if err := validatePart("user", n.User); err != nil {
		return err
	}
	return validatePart("function", n.Function)
}

func validatePart(what, s string) error {
	if s == "" {
		return fmt.Errorf("%s name is empty: want USER/FUNCTION, such as demo/hello", what)
	}
	if len(s) > maxNamePart {
		return fmt.Errorf("%s name of %d characters is too long: at most %d", what, len(s), maxNamePart)
	}
	if s[0] == '.' || s[0] == '-' {
		return fmt.Errorf("%s name %q starts with %q: it must start with a letter, a digit or '_'", what, s, s[0])
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' {
			continue
		}
		return fmt.Errorf("%s name %q has the character %q: only letters, digits, '_', '-' and '.' are allowed", what, s, c)
	}
	return nil
}

// MarshalText implements encoding.TextMarshaler: a name is USER/FUNCTION in JSON.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText undoes it. It takes any name: chained functions can have any.
func (n *Name) UnmarshalText(b []byte) error {
	n.User, n.Function, _ = strings.Cut(string(b), "/")
	return nil
}
