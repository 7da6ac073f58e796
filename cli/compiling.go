package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/faaslens/faaslens/compiler"
	"github.com/faaslens/faaslens/engine"
	"github.com/faaslens/faaslens/guest"
)

// What compiling a module may take, if it is not to be the default.
const (
	compileMemoryVariable = "FAASLENS_COMPILE_MEMORY"
	compileTimeVariable   = "FAASLENS_COMPILE_TIME"
)

// compileApart has modules compiled in a process of their own, which is this program
// again, within what the environment allows.
func (s *session) compileApart() (func(context.Context, engine.Compilation) error, error) {
	c := &compiler.Compiler{Name: "faaslens"}
	var err error
	if v := s.env.get(compileMemoryVariable); v != "" {
		if c.Memory, err = guest.ParseBytes(v); err != nil {
			return nil, misuse("%s: %w", compileMemoryVariable, err)
		}
	}
	if v := s.env.get(compileTimeVariable); v != "" {
		if c.Time, err = time.ParseDuration(v); err != nil || c.Time <= 0 {
			return nil, misuse("%s=%s: want a duration, such as 90s or 10m", compileTimeVariable, v)
		}
	}
	return c.Compile, nil
}

// adviseOnCompiling is the next step after the compiler failed on a module.
func adviseOnCompiling(e *guest.CompileFailure) string {
	switch {
	case e.Memory > 0:
		return fmt.Sprintf("if you trust it, allow more, such as %s=%dM", compileMemoryVariable, 2*e.Memory>>20)
	case e.Time > 0:
		return fmt.Sprintf("if you trust it, allow more, such as %s=%v", compileTimeVariable, 2*e.Time)
	}
	return "build it with another compiler or other switches; nothing else was harmed"
}
