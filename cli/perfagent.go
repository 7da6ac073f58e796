package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/faaslens/faaslens/codemap"
	"github.com/faaslens/faaslens/perf"
	"github.com/faaslens/faaslens/store"
	"github.com/faaslens/faaslens/worker"
)

// perfMode is how perf is told of compiled code.
type perfMode string

const (
	perfOff          perfMode = ""
	perfJitdump      perfMode = "jitdump"       // for perf, and for others if that is cheap
	perfJitdumpLoad  perfMode = "jitdump-load"  // a record for each function, as others do
	perfJitdumpImage perfMode = "jitdump-image" // one file for each image
	perfMap          perfMode = "map"
)

// fewFunctions is how many functions a module may have for a jitdump to have records for
// each of them, of which perf inject makes a file each, beside the one for the image.
const fewFunctions = 256

// perfMode is what a flag asks for, or else the environment.
func (s *session) perfMode(flag string) (perfMode, error) {
	asked, by := flag, "--perf"
	if flag == "" {
		asked, by = s.env.get("FAASLENS_PERF"), "FAASLENS_PERF"
	}
	switch asked {
	case "", "off":
		return perfOff, nil
	case string(perfJitdump), string(perfJitdumpLoad), string(perfJitdumpImage), string(perfMap):
		return perfMode(asked), nil
	}
	return perfOff, misuse("%s=%s: want jitdump, jitdump-load, jitdump-image, map or off", by, asked)
}

// perfAgent tells perf of compiled code as it is loaded.
type perfAgent struct {
	session *session
	mode    perfMode
	dump    *perf.Dump
	table   *perf.Map
	objects string // directory where objects are kept
}

// startPerf has the functions of a worker that is about to start told to perf.
func (s *session) startPerf(mode perfMode, st *store.Store, cfg *worker.Config) (*perfAgent, error) {
	a := &perfAgent{session: s, mode: mode, objects: perfObjects(st)}
	var err error
	switch mode {
	case perfJitdump, perfJitdumpLoad, perfJitdumpImage:
		a.dump, err = perf.CreateDump(s.jitdumpDir())
	case perfMap:
		a.table, err = perf.CreateMap(perf.MapDir)
		// Of code that is mapped from a file, perf reads the file instead.
		cfg.Engine.CopyImages = true
	}
	if err != nil {
		return nil, err
	}
	others := cfg.Loaded
	cfg.Loaded = func(f *worker.Function, l codemap.Loaded) {
		if others != nil {
			others(f, l)
		}
		if err := a.add(perf.Code{Loaded: l, Module: f.Module(), Symbols: f.Symbols()}); err != nil {
			s.warn("perf will not have names for %s: %v", f.Name, err)
		}
	}
	return a, nil
}

// perfObjects is where objects for perf are kept.
func perfObjects(st *store.Store) string { return filepath.Join(st.Dir(), "cache", "perf") }

// jitdumpDir is a directory for the jitdump of this process, below where perf's own
// agents put theirs.
func (s *session) jitdumpDir() string {
	base := s.env.get("JITDUMPDIR")
	if base == "" {
		base = s.env.get("HOME")
	}
	name := fmt.Sprintf("faaslens-%s-%d", s.now().Format("20060102-150405"), unix.Getpid())
	return filepath.Join(base, ".debug", "jit", name)
}

func (a *perfAgent) add(c perf.Code) error {
	if a.table != nil {
		return a.table.Add(c)
	}
	if a.mode == perfJitdumpLoad || a.mode == perfJitdump && len(c.Map.Bodies) <= fewFunctions {
		if err := a.dump.AddFunctions(c); err != nil || a.mode == perfJitdumpLoad {
			return err
		}
	}
	object, err := perf.Keep(a.objects, c)
	if err != nil {
		return err
	}
	return a.dump.AddImage(c, object)
}

func (a *perfAgent) close() {
	if a == nil {
		return
	}
	var err error
	if a.table != nil {
		err = a.table.Close()
	}
	if a.dump != nil {
		err = errors.Join(err, a.dump.Close())
	}
	if err != nil {
		a.session.warn("%v", err)
	}
}
