package faasm

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// textCalls print, and translate messages: there are no translations, so that a
// message is its own. In Faasm the latter end the function.
func textCalls() []hostcall.Spec {
	return []hostcall.Spec{
		call("puts", i32(), puts, text("s")),
		call("__println", none(), printText, text("s")),
		call("gettext", pointer(), same(0), address("msgid")),
		call("dgettext", pointer(), same(1), address("domain"), address("msgid")),
		call("dcgettext", pointer(), same(1), address("domain"), address("msgid"), number("category")),
		call("textdomain", pointer(), setTextDomain, address("domain")),
		call("bindtextdomain", pointer(), same(1), address("domain"), address("dir")),
	}
}

// same returns the given parameter.
func same(i int) func(*hostcall.Call) error {
	return func(c *hostcall.Call) error {
		c.SetResult(uint64(c.U32(i)))
		return nil
	}
}

// setTextDomain returns the domain that is set from now on; with NULL, the one
// that is.
func setTextDomain(c *hostcall.Call) error {
	v := invocation(c)
	if at := c.U32(0); at != 0 {
		v.domain = at
	}
	if v.domain == 0 {
		at, ok := staticData(c)
		if !ok {
			c.SetResult(0)
			return nil
		}
		v.domain = at + uint32(textDomain)
	}
	c.SetResult(uint64(v.domain))
	return nil
}

// puts writes a line to the standard output: -1, which is EOF, if that fails.
func puts(c *hostcall.Call) error {
	ok, err := printLine(c)
	c.SetResult(0)
	if !ok {
		c.SetResult(failed)
	}
	return err
}

// printText is how old Rust functions print.
func printText(c *hostcall.Call) error {
	_, err := printLine(c)
	return err
}

// printLine ends the invocation only where the writer says so.
func printLine(c *hostcall.Call) (ok bool, err error) {
	w := invocation(c).cfg.Stdout
	if w == nil {
		return true, nil
	}
	if _, err = c.Write(w, c.Bytes(0)); err == nil {
		_, err = c.Write(w, []byte{'\n'})
	}
	var limit *guest.Limit
	if errors.As(err, &limit) {
		return false, err
	}
	return err == nil, nil
}

// quoteCString writes what comes before the NUL.
func quoteCString(b []byte) string {
	if n := bytes.IndexByte(b, 0); n >= 0 {
		b = b[:n]
	}
	return strconv.Quote(string(b))
}
