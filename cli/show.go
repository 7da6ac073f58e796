package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/wasm"
	"github.com/faaslens/faaslens/worker"
)

func (s *session) showCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show USER/FUNCTION [flags]",
		Short: "Show what a function is",
		Long: `Shows where a function is, what it was built from, what it imports and exports, and
its compiled images. Of its imports it says who answers:
  provided  this runtime
  stub      known, but calling it traps
  misfit    known in another type: the function cannot be run
  unknown   nobody: it can be run with --allow-unknown only`,
		Example: `  faaslens show demo/hello`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("want one USER/FUNCTION, such as demo/hello; there are %d arguments", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			name, err := parseFunction(args[0])
			if err != nil {
				return err
			}
			return s.show(name, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object")
	return cmd
}

// functionReport is what show prints.
type functionReport struct {
	Function     string         `json:"function"`
	Path         string         `json:"path"`
	Size         int64          `json:"size"`
	Modified     time.Time      `json:"modified"`
	SHA256       string         `json:"sha256"`
	BuildID      string         `json:"build_id,omitempty"`
	CodeID       string         `json:"code_id"` // by which stacks name the build
	Language     string         `json:"language,omitempty"`
	Origin       string         `json:"origin,omitempty"`
	WarmExport   string         `json:"warm_export,omitempty"`
	Debug        string         `json:"debug"`
	DebugFile    string         `json:"debug_file,omitempty"`
	DebugProblem string         `json:"debug_problem,omitempty"`
	Imports      []importReport `json:"imports"`
	Exports      []exportReport `json:"exports"`
	Images       []imageReport  `json:"images"`
	// Snapshot is how it is initialised, as far as that has been found out.
	Snapshot *worker.Snapshot `json:"snapshot,omitempty"`
}

type importReport struct {
	Module    string    `json:"module"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`
	Type      string    `json:"type"`
	Provision provision `json:"provision"`
}

type exportReport struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Type string `json:"type"`
}

type imageReport struct {
	Path     string    `json:"path"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
}

func (s *session) show(name guest.Name, asJSON bool) error {
	st, err := s.openStore()
	if err != nil {
		return err
	}
	defer st.Close()
	f, err := st.Get(name)
	if err != nil {
		return suggest(st, name, err)
	}
	b, err := st.Read(name)
	if err != nil {
		return err
	}
	m, err := wasm.Parse(b)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r := describe(st, f, m)
	if asJSON {
		return writeJSON(s.stdout, r)
	}
	return s.printFunction(r)
}

func describe(st *store.Store, f store.Function, m *wasm.Module) *functionReport {
	r := &functionReport{
		Function: f.Name.String(), Path: f.Path, Size: f.Size, Modified: f.ModTime.UTC(), SHA256: f.SHA256,
		BuildID: f.BuildID, CodeID: codeID(m), Language: f.Language, Origin: f.Meta.Origin, WarmExport: f.Meta.WarmExport, Debug: debugWords(f),
		Imports: []importReport{}, Exports: []exportReport{}, Images: images(st, f.Name), Snapshot: worker.FindSnapshot(st, f.Name, m, f.Meta.WarmExport),
	}
	if debug, err := st.FindDebug(f.Name, m); err == nil {
		r.DebugFile = debug.Path
	} else if f.Stripped {
		r.DebugProblem = err.Error()
	}
	for _, i := range importsOf(m) {
		r.Imports = append(r.Imports, importReport{i.Module, i.Name, i.Kind, i.Type, i.provision})
	}
	for _, x := range f.Exports {
		r.Exports = append(r.Exports, exportReport{x.Name, x.Kind, x.Type})
	}
	return r
}

// images lists a function's compiled images. A directory that cannot be read has
// none.
func images(st *store.Store, name guest.Name) []imageReport {
	all := []imageReport{}
	dir, err := st.ObjectDir(name)
	if err != nil {
		return all
	}
	add := func(path string) {
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() && !strings.HasSuffix(path, ".json") && !strings.HasPrefix(filepath.Base(path), ".") {
			all = append(all, imageReport{path, info.Size(), info.ModTime().UTC()})
		}
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		add(filepath.Join(dir, e.Name()))
	}
	// Images of what a function was made into.
	for _, pattern := range []string{"*/*.cwasm", "snapshot/*/*.cwasm"} {
		made, _ := filepath.Glob(filepath.Join(dir, pattern)) // the patterns are right
		for _, path := range made {
			add(path)
		}
	}
	return all
}

func (s *session) printFunction(r *functionReport) error {
	t := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
	field := func(name, value string) {
		if value != "" {
			fmt.Fprintf(t, "%s\t%s\n", name, value)
		}
	}
	field("function", r.Function)
	field("file", r.Path)
	field("size", guest.FormatBytes(uint64(r.Size)))
	field("modified", r.Modified.Local().Format(time.DateTime))
	field("sha256", r.SHA256)
	field("build id", r.BuildID)
	field("code id", r.CodeID)
	field("language", r.Language)
	field("origin", r.Origin)
	field("warm export", r.WarmExport)
	if r.Snapshot != nil {
		field("initialised", snapshotWords(r.Snapshot))
	}
	field("debug", r.Debug)
	if r.DebugFile != r.Path {
		field("debug file", r.DebugFile)
	}
	field("debug problem", r.DebugProblem)
	if err := t.Flush(); err != nil {
		return err
	}
	s.printImports(r.Imports)
	fmt.Fprintf(s.stdout, "exports (%d)\n", len(r.Exports))
	t = tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
	for _, x := range r.Exports {
		fmt.Fprintf(t, "  %s\t%s\t%s\n", x.Name, x.Kind, x.Type)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(s.stdout, "compiled images (%d)\n", len(r.Images))
	for _, i := range r.Images {
		fmt.Fprintf(s.stdout, "  %s (%s)\n", i.Path, guest.FormatBytes(uint64(i.Size)))
	}
	return nil
}

// printImports groups imports by module and by who answers them.
func (s *session) printImports(imports []importReport) {
	sort.SliceStable(imports, func(i, j int) bool {
		a, b := imports[i], imports[j]
		if a.Module != b.Module {
			return a.Module < b.Module
		}
		return a.Provision < b.Provision
	})
	for i := 0; i < len(imports); {
		n := i
		for n < len(imports) && imports[n].Module == imports[i].Module && imports[n].Provision == imports[i].Provision {
			n++
		}
		fmt.Fprintf(s.stdout, "imports from %s, %s (%d)\n", imports[i].Module, imports[i].Provision, n-i)
		t := tabwriter.NewWriter(s.stdout, 0, 8, 2, ' ', 0)
		for ; i < n; i++ {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", imports[i].Name, imports[i].Kind, imports[i].Type)
		}
		_ = t.Flush() // the next write to stdout reports what is wrong with it
	}
}
