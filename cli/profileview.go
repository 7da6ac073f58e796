package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/google/pprof/driver"
	"github.com/google/pprof/profile"
	"github.com/spf13/cobra"

	"github.com/faaslens/faaslens/profiler/export"
)

// viewFlags is what the command line says about looking at a profile.
type viewFlags struct {
	base      string
	listen    string
	sourceMap []string
}

func (s *session) profileViewCommand() *cobra.Command {
	var f viewFlags
	cmd := &cobra.Command{
		Use:   "view FILE [flags]",
		Short: "Show a profile in a browser",
		Long: `Shows a profile on a web page of this machine: pprof's own pages (graph, top,
flame graph, peek, source), and ours at /faaslens. FILE is a profile in pprof's format
or has folded stacks. The program runs until it is interrupted.

The graph is drawn by Graphviz, which has to be installed (apt-get install graphviz).`,
		Example: `  faaslens profile view cpu.pb.gz
  faaslens profile view after.pb.gz --diff before.pb.gz
  faaslens profile view cpu.pb.gz --source-map /build/app=./app --listen localhost:8080`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("which profile? give one file, such as cpu.pb.gz")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			ctx, release := interruptible(context.Background())
			defer release()
			return s.viewProfile(ctx, args[0], &f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.base, "diff", "", "show what is more and less than in the profile `BASE`")
	flags.StringVar(&f.listen, "listen", "localhost:0", "listen at `ADDR`; port 0 is one that is free")
	flags.StringArrayVar(&f.sourceMap, "source-map", nil, "sources that were in FROM are in TO now: `FROM=TO`")
	return cmd
}

// viewProfile serves a profile's pages until ctx ends, which is no error.
func (s *session) viewProfile(ctx context.Context, file string, f *viewFlags) error {
	p, sources, err := openProfile(file, f.base, f.sourceMap)
	if err != nil {
		return err
	}
	var page strings.Builder
	if err := export.Write(&page, p, export.HTML, export.Options{Title: file, Source: sources.readSource}); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	sources.mapSources(p)
	listener, err := net.Listen("tcp", f.listen)
	if err != nil {
		return fmt.Errorf("serve the profile: %w: choose another address with --listen", err)
	}
	defer listener.Close()
	if a, ok := listener.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		s.warn("everybody who reaches %s sees the profile and its sources", a)
	}
	v := &viewer{session: s, listener: listener, profile: p, page: page.String()}
	if _, err := exec.LookPath("dot"); err != nil {
		s.warn("the graph needs Graphviz: apt-get install graphviz; the other pages do not")
	}
	// pprof keeps a copy of what it shows, by default in the home directory.
	copies, err := os.MkdirTemp("", "faaslens-view-")
	if err != nil {
		return fmt.Errorf("show %s: %w", file, err)
	}
	defer os.RemoveAll(copies)
	if err := os.Setenv("PPROF_TMPDIR", copies); err != nil {
		return fmt.Errorf("show %s: %w", file, err)
	}
	err = driver.PProf(&driver.Options{
		Fetch: v, Sym: v, Obj: noObjects{}, UI: &viewerUI{session: s},
		HTTPServer: func(args *driver.HTTPServerArgs) error { return v.serve(ctx, args) },
		Flagset:    &pprofFlags{set: map[string]string{"http": "localhost:1", "symbolize": "none"}, source: file},
	})
	if err != nil {
		return fmt.Errorf("show %s: %w", file, err)
	}
	return nil
}

// viewer shows one profile by pprof's pages. It is pprof's Fetcher and Symbolizer, too:
// the profile is read, and has its names.
type viewer struct {
	session  *session
	listener net.Listener
	profile  *profile.Profile
	page     string
}

// Fetch returns the profile.
func (v *viewer) Fetch(src string, _, _ time.Duration) (*profile.Profile, string, error) {
	return v.profile, src, nil
}

// Symbolize has nothing to do.
func (v *viewer) Symbolize(string, driver.MappingSources, *profile.Profile) error { return nil }

// serve serves pprof's pages and ours until ctx ends.
func (v *viewer) serve(ctx context.Context, args *driver.HTTPServerArgs) error {
	mux := http.NewServeMux()
	for path, h := range args.Handlers {
		if path == "/" {
			path = "/{$}"
		}
		mux.Handle(path, h)
	}
	mux.HandleFunc("/faaslens", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, v.page)
	})
	server := &http.Server{Handler: v.guard(mux), ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	url := "http://" + v.listener.Addr().String()
	fmt.Fprintf(v.session.stderr, "pprof's pages: %s/\nours:          %s/faaslens\n", url, url)
	err := server.Serve(v.listener)
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// guard turns away what a page of somebody else may have sent to a server of this
// machine: requests by another name (DNS rebinding), and those that other sites make by
// themselves or that change pprof's settings.
func (v *viewer) guard(h http.Handler) http.Handler {
	local := false
	if a, ok := v.listener.Addr().(*net.TCPAddr); ok {
		local = a.IP.IsLoopback()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		ip := net.ParseIP(strings.Trim(host, "[]"))
		switch {
		case local && host != "localhost" && (ip == nil || !ip.IsLoopback()):
			http.Error(w, "this server is for localhost only", http.StatusForbidden)
		case r.Header.Get("Sec-Fetch-Site") == "cross-site" && (strings.HasSuffix(r.URL.Path, "config") || r.Header.Get("Sec-Fetch-Mode") != "navigate"):
			http.Error(w, "only pages of this server may ask that", http.StatusForbidden)
		default:
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("X-Frame-Options", "DENY")
			h.ServeHTTP(w, r)
		}
	})
}

// noObjects keeps pprof from opening the files that a profile says its code is from.
type noObjects struct{}

var errNoObjects = errors.New("machine code is not looked at here: see 'faaslens disas'")

func (noObjects) Open(string, uint64, uint64, uint64, string) (driver.ObjFile, error) {
	return nil, errNoObjects
}

func (noObjects) Disasm(string, uint64, uint64, bool) ([]driver.Inst, error) {
	return nil, errNoObjects
}

// viewerUI hands what pprof has to say to the session.
type viewerUI struct {
	session *session
}

func (u *viewerUI) ReadLine(string) (string, error) { return "", io.EOF }
func (u *viewerUI) Print(...any)                    {} // where it serves, which is not so
func (u *viewerUI) PrintErr(args ...any) {
	if text := strings.TrimSpace(fmt.Sprintln(args...)); !strings.HasPrefix(text, "Saved profile in ") {
		u.session.warn("%s", text)
	}
}
func (u *viewerUI) IsTerminal() bool                    { return false }
func (u *viewerUI) WantBrowser() bool                   { return false }
func (u *viewerUI) SetAutoComplete(func(string) string) {}

// pprofFlags gives pprof the values of its flags.
type pprofFlags struct {
	set    map[string]string
	source string
}

func (f *pprofFlags) Bool(_ string, def bool, _ string) *bool          { return &def }
func (f *pprofFlags) Int(_ string, def int, _ string) *int             { return &def }
func (f *pprofFlags) Float64(_ string, def float64, _ string) *float64 { return &def }
func (f *pprofFlags) StringList(string, string, string) *[]*string     { return new([]*string) }
func (f *pprofFlags) ExtraUsage() string                               { return "" }
func (f *pprofFlags) AddExtraUsage(string)                             {}
func (f *pprofFlags) Parse(func()) []string                            { return []string{f.source} }

func (f *pprofFlags) String(name, def, _ string) *string {
	if v, ok := f.set[name]; ok {
		def = v
	}
	return &def
}
