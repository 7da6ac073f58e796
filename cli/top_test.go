package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/faaslens/faaslens/gateway"
)

func TestTopSaysWhatIsCountedTogether(t *testing.T) {
	const explained = "\n(others): names of which there is no function, and functions beyond the first 200;"
	for name, c := range map[string]struct {
		functions []string
		want      bool
	}{
		"a function":            {[]string{"demo/hello"}, false},
		"a function and others": {[]string{gateway.OtherFunctions, "demo/hello"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			st := &gateway.Status{Host: "here"}
			for _, f := range c.functions {
				st.Functions = append(st.Functions, gateway.FunctionCount{Function: f, Ended: 3})
			}
			var b strings.Builder
			if err := writeTop(&b, st, nil, time.Second); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(b.String(), explained); got != c.want || !strings.Contains(b.String(), "\ndemo/hello") {
				t.Errorf("it explains what is counted together: %v, want %v:\n%s", got, c.want, &b)
			}
		})
	}
}
