package wasi

import "github.com/faaslens/faaslens/hostcall"

// sockUnsupported answers the calls that a socket would carry out: there are none.
func (s *System) sockUnsupported(c *hostcall.Call) Errno {
	if _, e := s.descriptor(c.U32(0)); e != SUCCESS {
		return e
	}
	return ENOTSUP
}

// sockShutdown says ENOTSOCK, as the test suite has it, where the others say ENOTSUP.
func (s *System) sockShutdown(c *hostcall.Call) Errno {
	if _, e := s.descriptor(c.U32(0)); e != SUCCESS {
		return e
	}
	return ENOTSOCK
}
