package state

import (
	"context"
	"errors"
)

// Key names a value: values of different users are apart.
type Key struct {
	User, Name string
}

// String returns the key as people write it.
func (k Key) String() string { return k.User + "/" + k.Name }

// ErrNoValue is a value that the global tier does not have.
var ErrNoValue = errors.New("there is no such value")

// Range is a piece of a value.
type Range struct {
	Offset int64
	Data   []byte
}

// Global is the tier that all hosts share. Its methods may be called from any
// goroutine.
type Global interface {
	// Size returns how large a value is, or ErrNoValue.
	Size(ctx context.Context, k Key) (int64, error)
	// Read fills buf from an offset; the value has that much. It may return
	// ErrNoValue.
	Read(ctx context.Context, k Key, offset int64, buf []byte) error
	// Write makes the value that size if it is not, with zeroes where nothing was,
	// and writes the ranges, which lie within it.
	Write(ctx context.Context, k Key, size int64, ranges []Range) error
	// Delete forgets a value and what was appended to it; no error if there is none.
	Delete(ctx context.Context, k Key) error
	// List returns the keys of a user's values, sorted.
	List(ctx context.Context, user string) ([]Key, error)

	// Append adds an element to the list of that key, which is apart from the value.
	Append(ctx context.Context, k Key, element []byte) error
	// Appended returns the first n elements of the list, in order; fewer if it has
	// fewer.
	Appended(ctx context.Context, k Key, n int) ([][]byte, error)
	// ClearAppended empties the list.
	ClearAppended(ctx context.Context, k Key) error
}
