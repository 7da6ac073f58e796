package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// explain names the absolute path that an operation failed on, instead of one
// relative to some directory, and says what to do next. It keeps the cause for
// errors.Is.
func explain(operation, path string, err error) error {
	cause := err
	var pathErr *fs.PathError
	var linkErr *os.LinkError
	switch {
	case errors.As(err, &pathErr):
		cause = pathErr.Err
	case errors.As(err, &linkErr):
		cause = linkErr.Err
	}
	if next := NextStep(cause); next != "" {
		return fmt.Errorf("%s %s: %w: %s", operation, path, cause, next)
	}
	return fmt.Errorf("%s %s: %w", operation, path, cause)
}

// NextStep says what a user can do about an error of the file system below the data
// directory; nothing where it knows none.
func NextStep(cause error) string {
	switch {
	case errors.Is(cause, syscall.ENOSPC):
		return "free some space there, or set FAASLENS_DIR to another disk, and try again"
	case errors.Is(cause, syscall.EDQUOT):
		return "the disk quota is used up: remove something of yours, or set FAASLENS_DIR to another disk"
	case errors.Is(cause, syscall.EFBIG):
		return "the limit on the size of files (ulimit -f) is too low: raise it"
	case errors.Is(cause, syscall.EROFS):
		return "the disk is mounted read-only: set FAASLENS_DIR to a directory that can be written"
	case errors.Is(cause, fs.ErrPermission):
		return "this user may not: change the permissions, or set FAASLENS_DIR to a directory of your own"
	case errors.Is(cause, syscall.ENOTDIR), errors.Is(cause, syscall.EEXIST):
		return "a file is where a directory should be: move it away, or set FAASLENS_DIR to another directory"
	case errors.Is(cause, syscall.ENAMETOOLONG):
		return "set FAASLENS_DIR to a shorter path"
	}
	return ""
}
