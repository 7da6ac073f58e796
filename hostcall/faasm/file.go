package faasm

import (
	"errors"
	"strconv"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

func fileCalls() []hostcall.Spec {
	wasi := call("__wasi_fd_dup", hostcall.Result{Type: guest.I32, Show: showErrno}, wasiDup,
		number("fd"), hostcall.Param{Name: "newfd", Kind: hostcall.Out, Size: 4})
	wasi.FaultResult = errnoFault
	return []hostcall.Spec{
		wasi,
		call("dup", i32(), dup, number("fd")),
		call("umask", hostcall.Result{Type: guest.I32, Show: showOctal}, setUmask,
			hostcall.Param{Name: "mask", Kind: hostcall.Int32, Show: showOctal}),
		// No terminal is behind any descriptor, but Faasm says yes to every
		// request.
		call("ioctl", i32(), returns(0), number("fd"), number("request"), address("arg")),
	}
}

// Error numbers of WASI preview 1 (witx, errno).
const (
	errnoSuccess = 0
	errnoBadf    = 8
	errnoFault   = 21
)

func showErrno(v uint64) string {
	switch v {
	case errnoSuccess:
		return "SUCCESS"
	case errnoBadf:
		return "BADF"
	case errnoFault:
		return "FAULT"
	}
	return strconv.FormatUint(v, 10)
}

// errBadDescriptor answers for an invocation without files.
var errBadDescriptor = errors.New("no such descriptor")

func duplicate(c *hostcall.Call) (int32, error) {
	files := invocation(c).cfg.Files
	if files == nil {
		return 0, errBadDescriptor
	}
	return files.Dup(c.I32(0))
}

// dup answers -1 for a descriptor that is not open; Faasm ends the function.
func dup(c *hostcall.Call) error {
	fd, err := duplicate(c)
	if err != nil {
		fd = -1
	}
	c.SetResult(uint64(uint32(fd)))
	return nil
}

// wasiDup is dup in WASI's manner. Faasm answers success whatever happens.
func wasiDup(c *hostcall.Call) error {
	fd, err := duplicate(c)
	if err != nil {
		c.SetResult(errnoBadf)
		return nil
	}
	c.PutU32(1, uint32(fd))
	c.SetResult(errnoSuccess)
	return nil
}

// setUmask remembers the mask, which has no effect: WASI creates files without
// modes. Faasm ends the function.
func setUmask(c *hostcall.Call) error {
	v := invocation(c)
	old := v.umask
	v.umask = c.U32(0) & 0o777
	c.SetResult(uint64(old))
	return nil
}
