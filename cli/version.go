package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/engine"
)

func (s *session) versionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version [flags]",
		Short:   "Print versions",
		Long:    `Prints the versions of this program, of its engine and of Go.`,
		Example: `  faaslens version`,
		Args:    noArguments,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return writeJSON(s.stdout, versions())
			}
			s.printVersions()
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

func (s *session) printVersions() {
	v := versions()
	fmt.Fprintf(s.stdout, "faaslens %s\n%s\n%s %s/%s\n", v.Faaslens, v.Engine, v.Go, v.OS, v.Arch)
}

func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse("%q: it takes no arguments", args[0])
	}
	return nil
}

type versionReport struct {
	Faaslens string `json:"faaslens"`
	Engine   string `json:"engine"`
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
}

func versions() versionReport {
	v := versionReport{Faaslens: "devel", Engine: engine.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if m := info.Main.Version; m != "" && m != "(devel)" {
		v.Faaslens = m
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 && v.Faaslens == "devel" {
			v.Faaslens = "devel " + s.Value[:12]
		}
	}
	return v
}
