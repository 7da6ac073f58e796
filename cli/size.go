package cli

import (
	"fmt"
	"time"

	"github.com/faaslens/faaslens/guest"
)

// sizeFlag is a flag's value; zero where it is not given.
type sizeFlag uint64

func (f *sizeFlag) Set(s string) error {
	n, err := guest.ParseBytes(s)
	*f = sizeFlag(n)
	return err
}

func (f *sizeFlag) Type() string { return "SIZE" }

func (f *sizeFlag) String() string {
	if *f == 0 {
		return ""
	}
	return guest.FormatBytes(uint64(*f))
}

// timeoutFlag is a deadline; zero where it is not given, negative for none.
type timeoutFlag time.Duration

func (f *timeoutFlag) Set(s string) error {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return fmt.Errorf("want a duration such as 500ms, 2s or 1m30s, or 0 for none")
	case d < 0:
		return fmt.Errorf("a deadline cannot lie in the past")
	case d == 0:
		d = -1
	}
	*f = timeoutFlag(d)
	return nil
}

func (f *timeoutFlag) Type() string { return "DURATION" }

func (f *timeoutFlag) String() string {
	if *f == 0 {
		return ""
	}
	return time.Duration(*f).String()
}
