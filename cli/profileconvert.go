package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/google/pprof/profile"
	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/profiler/export"
)

// convertFlags is what the command line says about writing a profile anew.
type convertFlags struct {
	format, output, base, kind, title string
	sourceMap                         []string
	reverse                           bool
}

func (s *session) profileConvertCommand() *cobra.Command {
	var f convertFlags
	cmd := &cobra.Command{
		Use:   "convert FILE [flags]",
		Short: "Write a profile in another format",
		Long: `Writes a profile in another format, such as a page or a drawing. FILE is a profile in
pprof's format or has folded stacks.`,
		Example: `  faaslens profile convert cpu.pb.gz --format html
  faaslens profile convert cpu.pb.gz --format folded -o - | sort
  faaslens profile convert after.pb.gz --diff before.pb.gz -o diff.svg`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("which profile? give one file, such as cpu.pb.gz")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return s.convertProfile(args[0], &f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.format, "format", "", formatUsage(export.HTML))
	flags.StringVarP(&f.output, "output", "o", "", "`FILE` to write; - for stdout (default FILE with the format's usual end)")
	flags.StringVar(&f.base, "diff", "", "write what is more and less than in the profile `BASE`")
	flags.StringVar(&f.kind, "sample-type", "", "the `TYPE` of values to show, such as wall or alloc_space (default the profile's own)")
	flags.StringVar(&f.title, "title", "", "what a page or drawing is called: `TEXT` (default FILE)")
	flags.StringArrayVar(&f.sourceMap, "source-map", nil, "sources that were in FROM are in TO now: `FROM=TO`")
	flags.BoolVar(&f.reverse, "reverse", false, "start a drawing at the innermost calls")
	return cmd
}

// convertProfile reads a profile and writes it in another format.
func (s *session) convertProfile(file string, f *convertFlags) error {
	format, err := chosenFormat(f.format, f.output, export.HTML)
	switch {
	case err != nil:
		return err
	case f.base != "" && format == export.Firefox:
		return misuse("--diff: the format %s has no differences: choose another, such as html or pprof", format)
	}
	p, sources, err := openProfile(file, f.base, f.sourceMap)
	if err != nil {
		return err
	}
	o := export.Options{Title: f.title, SampleType: f.kind, Reverse: f.reverse, Source: sources.readSource}
	if o.Title == "" {
		o.Title = filepath.Base(file)
	}
	if f.output == "-" {
		return export.Write(s.stdout, p, format, o)
	}
	output := f.output
	if output == "" {
		output = bareName(file) + format.Extension()
		if output == filepath.Base(file) {
			return misuse("%s would be written over: name another file with -o", output)
		}
	}
	if err := writeProfile(output, p, format, o); err != nil {
		return fmt.Errorf("%w: name another file with -o", err)
	}
	fmt.Fprintf(s.stderr, "wrote %s\n", output)
	return nil
}

// bareName is a profile's name without its directory and the end that a format has.
func bareName(file string) string {
	name := filepath.Base(file)
	for _, f := range export.Formats() {
		if bare, ok := strings.CutSuffix(name, f.Extension()); ok && bare != "" {
			return bare
		}
	}
	return name
}

// openProfile reads a profile, less one that it is compared with if there is any, and
// where its sources are now.
func openProfile(file, base string, from []string) (*profile.Profile, sourceMap, error) {
	sources, err := parseSourceMap(from)
	if err != nil {
		return nil, nil, err
	}
	p, err := readProfile(file)
	if err != nil || base == "" {
		return p, sources, err
	}
	less, err := readProfile(base)
	if err != nil {
		return nil, nil, err
	}
	if p, err = export.Diff(p, less); err != nil {
		return nil, nil, fmt.Errorf("%s and %s: %w", file, base, err)
	}
	return p, sources, nil
}
