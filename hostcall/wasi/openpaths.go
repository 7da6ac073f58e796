package wasi

import (
	"fmt"
	"os"
	slashpath "path"
	"strings"
)

// OpenPaths says what the open descriptors are, in their order: "stdin", "stdout" or
// "stderr", the name of a preopened directory, or the path below one by which the
// guest can reach a file; "?" if there is no such path any more.
func (s *System) OpenPaths() []string {
	var paths []string
	for fd := range s.table {
		d := &s.table[fd]
		switch {
		case d.kind == kindFree:
		case d.kind == kindStdin:
			paths = append(paths, "stdin")
		case d.kind == kindOutput && fd == 1:
			paths = append(paths, "stdout")
		case d.kind == kindOutput:
			paths = append(paths, "stderr")
		case d.preopen != "":
			paths = append(paths, d.preopen)
		case d.sharedPath != "":
			paths = append(paths, sharedScheme+"/"+d.sharedPath)
		default:
			paths = append(paths, s.guestPath(d))
		}
	}
	return paths
}

// guestPath is what the guest calls a file or directory that it opened.
func (s *System) guestPath(d *descriptor) string {
	file := d.hostPath()
	for i := range s.table {
		p := &s.table[i]
		if p.preopen == "" {
			continue
		}
		dir := p.hostPath()
		if rest, in := strings.CutPrefix(file, dir); in && dir != "" && (rest == "" || rest[0] == '/') {
			return slashpath.Join(p.preopen, rest)
		}
	}
	return "?"
}

// hostPath is where the kernel says that a descriptor's file is; "" if it does not.
func (d *descriptor) hostPath() string {
	fd := d.file
	if d.kind == kindDirectory {
		var e Errno
		if fd, e = d.handle(); e != SUCCESS {
			return ""
		}
	}
	p, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err != nil || strings.HasSuffix(p, " (deleted)") {
		return ""
	}
	return p
}
