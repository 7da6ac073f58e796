package wasi

import (
	"errors"
	"io"
	"io/fs"
	"strconv"
	"syscall"
)

// Errno is the result of a call: typenames.witx, $errno.
type Errno uint16

const (
	SUCCESS Errno = iota
	E2BIG
	EACCES
	EADDRINUSE
	EADDRNOTAVAIL
	EAFNOSUPPORT
	EAGAIN
	EALREADY
	EBADF
	EBADMSG
	EBUSY
	ECANCELED
	ECHILD
	ECONNABORTED
	ECONNREFUSED
	ECONNRESET
	EDEADLK
	EDESTADDRREQ
	EDOM
	EDQUOT
	EEXIST
	EFAULT
	EFBIG
	EHOSTUNREACH
	EIDRM
	EILSEQ
	EINPROGRESS
	EINTR
	EINVAL
	EIO
	EISCONN
	EISDIR
	ELOOP
	EMFILE
	EMLINK
	EMSGSIZE
	EMULTIHOP
	ENAMETOOLONG
	ENETDOWN
	ENETRESET
	ENETUNREACH
	ENFILE
	ENOBUFS
	ENODEV
	ENOENT
	ENOEXEC
	ENOLCK
	ENOLINK
	ENOMEM
	ENOMSG
	ENOPROTOOPT
	ENOSPC
	ENOSYS
	ENOTCONN
	ENOTDIR
	ENOTEMPTY
	ENOTRECOVERABLE
	ENOTSOCK
	ENOTSUP
	ENOTTY
	ENXIO
	EOVERFLOW
	EOWNERDEAD
	EPERM
	EPIPE
	EPROTO
	EPROTONOSUPPORT
	EPROTOTYPE
	ERANGE
	EROFS
	ESPIPE
	ESRCH
	ESTALE
	ETIMEDOUT
	ETXTBSY
	EXDEV
	ENOTCAPABLE
)

var errnoNames = [...]string{
	"SUCCESS", "E2BIG", "EACCES", "EADDRINUSE", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EAGAIN", "EALREADY",
	"EBADF", "EBADMSG", "EBUSY", "ECANCELED", "ECHILD", "ECONNABORTED", "ECONNREFUSED", "ECONNRESET",
	"EDEADLK", "EDESTADDRREQ", "EDOM", "EDQUOT", "EEXIST", "EFAULT", "EFBIG", "EHOSTUNREACH", "EIDRM",
	"EILSEQ", "EINPROGRESS", "EINTR", "EINVAL", "EIO", "EISCONN", "EISDIR", "ELOOP", "EMFILE", "EMLINK",
	"EMSGSIZE", "EMULTIHOP", "ENAMETOOLONG", "ENETDOWN", "ENETRESET", "ENETUNREACH", "ENFILE", "ENOBUFS",
	"ENODEV", "ENOENT", "ENOEXEC", "ENOLCK", "ENOLINK", "ENOMEM", "ENOMSG", "ENOPROTOOPT", "ENOSPC",
	"ENOSYS", "ENOTCONN", "ENOTDIR", "ENOTEMPTY", "ENOTRECOVERABLE", "ENOTSOCK", "ENOTSUP", "ENOTTY",
	"ENXIO", "EOVERFLOW", "EOWNERDEAD", "EPERM", "EPIPE", "EPROTO", "EPROTONOSUPPORT", "EPROTOTYPE",
	"ERANGE", "EROFS", "ESPIPE", "ESRCH", "ESTALE", "ETIMEDOUT", "ETXTBSY", "EXDEV", "ENOTCAPABLE",
}

// String returns the name that C programs know, or SUCCESS.
func (e Errno) String() string {
	if int(e) < len(errnoNames) {
		return errnoNames[e]
	}
	return "errno " + strconv.Itoa(int(e))
}

// errnoOf translates an error of the host's. What has no counterpart is EIO.
func errnoOf(err error) Errno {
	if err == nil {
		return SUCCESS
	}
	if e, ok := err.(syscall.Errno); ok {
		return hostErrno(e)
	}
	var e syscall.Errno
	switch {
	case errors.As(err, &e):
		return hostErrno(e)
	case errors.Is(err, io.ErrClosedPipe):
		return EPIPE
	case errors.Is(err, io.ErrShortWrite):
		return ENOSPC
	case errors.Is(err, fs.ErrClosed):
		return EBADF
	case errors.Is(err, fs.ErrNotExist):
		return ENOENT
	case errors.Is(err, fs.ErrExist):
		return EEXIST
	case errors.Is(err, fs.ErrPermission):
		return EACCES
	}
	return EIO
}

// rootErrno translates an error of os.Root's. It says that a path leads outside by
// an error that has no type; it is the only one it makes up itself.
func rootErrno(err error) Errno {
	if e := errnoOf(err); e != EIO {
		return e
	}
	var e syscall.Errno
	if errors.As(err, &e) {
		return EIO
	}
	return EPERM
}

// hostErrno translates Linux's numbers.
func hostErrno(e syscall.Errno) Errno {
	switch e {
	case 0:
		return SUCCESS
	case syscall.E2BIG:
		return E2BIG
	case syscall.EACCES:
		return EACCES
	case syscall.EAGAIN:
		return EAGAIN
	case syscall.EBADF:
		return EBADF
	case syscall.EBUSY:
		return EBUSY
	case syscall.ECANCELED:
		return ECANCELED
	case syscall.ECONNABORTED:
		return ECONNABORTED
	case syscall.ECONNREFUSED:
		return ECONNREFUSED
	case syscall.ECONNRESET:
		return ECONNRESET
	case syscall.EDEADLK:
		return EDEADLK
	case syscall.EDOM:
		return EDOM
	case syscall.EDQUOT:
		return EDQUOT
	case syscall.EEXIST:
		return EEXIST
	case syscall.EFAULT:
		return EFAULT
	case syscall.EFBIG:
		return EFBIG
	case syscall.EILSEQ:
		return EILSEQ
	case syscall.EINTR:
		return EINTR
	case syscall.EINVAL:
		return EINVAL
	case syscall.EIO:
		return EIO
	case syscall.EISDIR:
		return EISDIR
	case syscall.ELOOP:
		return ELOOP
	case syscall.EMFILE:
		return EMFILE
	case syscall.EMLINK:
		return EMLINK
	case syscall.EMSGSIZE:
		return EMSGSIZE
	case syscall.ENAMETOOLONG:
		return ENAMETOOLONG
	case syscall.ENFILE:
		return ENFILE
	case syscall.ENOBUFS:
		return ENOBUFS
	case syscall.ENODEV:
		return ENODEV
	case syscall.ENOENT:
		return ENOENT
	case syscall.ENOEXEC:
		return ENOEXEC
	case syscall.ENOLCK:
		return ENOLCK
	case syscall.ENOLINK:
		return ENOLINK
	case syscall.ENOMEM:
		return ENOMEM
	case syscall.ENOSPC:
		return ENOSPC
	case syscall.ENOSYS:
		return ENOSYS
	case syscall.ENOTCONN:
		return ENOTCONN
	case syscall.ENOTDIR:
		return ENOTDIR
	case syscall.ENOTEMPTY:
		return ENOTEMPTY
	case syscall.ENOTSOCK:
		return ENOTSOCK
	case syscall.EOPNOTSUPP:
		return ENOTSUP
	case syscall.ENOTTY:
		return ENOTTY
	case syscall.ENXIO:
		return ENXIO
	case syscall.EOVERFLOW:
		return EOVERFLOW
	case syscall.EPERM:
		return EPERM
	case syscall.EPIPE:
		return EPIPE
	case syscall.EPROTO:
		return EPROTO
	case syscall.ERANGE:
		return ERANGE
	case syscall.EROFS:
		return EROFS
	case syscall.ESPIPE:
		return ESPIPE
	case syscall.ESTALE:
		return ESTALE
	case syscall.ETIMEDOUT:
		return ETIMEDOUT
	case syscall.ETXTBSY:
		return ETXTBSY
	case syscall.EXDEV:
		return EXDEV
	}
	return EIO
}

// sharedErrno is errnoOf for what the keeper of shared files says.
func sharedErrno(err error) Errno {
	if errors.Is(err, fs.ErrInvalid) {
		return EPERM // as of other paths that lead out
	}
	return errnoOf(err)
}
