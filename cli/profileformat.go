package cli

import (
	"io"

	"github.com/google/pprof/profile"
)

// profileFormats are what profiles can be written as.
func profileFormats() []string { return []string{"pprof"} }

// formatSuffix is how the files of a format end.
func formatSuffix(string) string { return ".pb.gz" }

func writeProfile(w io.Writer, p *profile.Profile, _ string) error { return p.Write(w) }
