package guest

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for s, want := range map[string]Name{
		"demo/hello":   {"demo", "hello"},
		"a/b":          {"a", "b"},
		"_x/v1.2-rc_3": {"_x", "v1.2-rc_3"},
	} {
		if got, err := ParseName(s); err != nil || got != want || got.String() != s {
			t.Errorf("%q is %+v, %v", s, got, err)
		}
	}
	for s, want := range map[string]string{
		"":                                 "want USER/FUNCTION",
		"hello":                            "want USER/FUNCTION",
		"/hello":                           "user name is empty",
		"demo/":                            "function name is empty",
		"../etc":                           "starts with '.'",
		"demo/..":                          "starts with '.'",
		"demo/-f":                          "starts with '-'",
		"a/b/c":                            "has the character '/'",
		"demo/he llo":                      "has the character ' '",
		"demo/x\x00":                       `has the character '\x00'`,
		"demo/" + strings.Repeat("x", 129): "too long",
	} {
		if n, err := ParseName(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %+v, %v; want %q", s, n, err, want)
		}
	}
}

func FuzzParseName(f *testing.F) {
	for _, s := range []string{"demo/hello", "../x", "a/b/c", "é/è"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseName(s)
		if err != nil {
			return
		}
		for _, part := range []string{n.User, n.Function} {
			if part == "" || part[0] == '.' || strings.ContainsAny(part, "/\\\x00 ") || len(part) > 128 {
				t.Errorf("%q gave the part %q", s, part)
			}
		}
		if n.String() != s {
			t.Errorf("%q came back as %q", s, n)
		}
	})
}
