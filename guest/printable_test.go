package guest

import "testing"

func TestWordsOfAGuestAreHarmlessForATerminal(t *testing.T) {
	for s, want := range map[string]string{
		"plain ünïcode":      "plain ünïcode",
		"\x1b[31mred\n":      `\x1b[31mred\n`,
		"not UTF-8 \xff":     `not UTF-8 \xff`,
		"right\u202eto left": `right\u202eto left`,
	} {
		if got := Printable(s); got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
	}
}
