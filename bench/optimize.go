package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime/pprof"

	"github.com/google/pprof/profile"
)

// startProfile profiles this process into a file that the compiler takes for its
// optimisations (go build -pgo). It goes by the names of functions and by lines, so that
// the file says nothing of where this machine has what.
func startProfile(path string) (stop func() error, err error) {
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		return nil, err
	}
	return func() error {
		pprof.StopCPUProfile()
		p, err := profile.Parse(&b)
		if err != nil {
			return fmt.Errorf("read the profile of this process: %w", err)
		}
		for _, f := range p.Function {
			f.Filename = ""
		}
		for _, m := range p.Mapping {
			m.File, m.BuildID = "", ""
		}
		var out bytes.Buffer
		if err := p.Compact().Write(&out); err != nil {
			return fmt.Errorf("write the profile of this process: %w", err)
		}
		return os.WriteFile(path, out.Bytes(), 0o644)
	}, nil
}
