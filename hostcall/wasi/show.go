package wasi

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// What a trace writes for arguments and results.

func showErrno(v uint64) string { return Errno(uint32(v)).String() }

// showName writes the name of a number that has one.
func showName(v uint64, names ...string) string {
	if v < uint64(len(names)) {
		return names[v]
	}
	return strconv.FormatUint(v, 10)
}

// showBits writes the names of the bits set, and what is left over in hexadecimal.
func showBits(v uint64, names ...string) string {
	if v == 0 {
		return "0"
	}
	var b strings.Builder
	for i, name := range names {
		if v&(1<<i) == 0 {
			continue
		}
		v &^= 1 << i
		if b.Len() > 0 {
			b.WriteByte('|')
		}
		b.WriteString(name)
	}
	if v != 0 {
		if b.Len() > 0 {
			b.WriteByte('|')
		}
		fmt.Fprintf(&b, "0x%x", v)
	}
	return b.String()
}

func showClock(v uint64) string {
	return showName(v, "CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_PROCESS_CPUTIME_ID", "CLOCK_THREAD_CPUTIME_ID")
}

func showWhence(v uint64) string { return showName(v, "SEEK_SET", "SEEK_CUR", "SEEK_END") }

func showAdvice(v uint64) string {
	return showName(v, "ADVICE_NORMAL", "ADVICE_SEQUENTIAL", "ADVICE_RANDOM", "ADVICE_WILLNEED", "ADVICE_DONTNEED", "ADVICE_NOREUSE")
}

func showFiletype(v uint64) string {
	return showName(v, "UNKNOWN", "BLOCK_DEVICE", "CHARACTER_DEVICE", "DIRECTORY", "REGULAR_FILE", "SOCKET_DGRAM", "SOCKET_STREAM", "SYMBOLIC_LINK")
}

func showOFlags(v uint64) string {
	return showBits(v, "O_CREAT", "O_DIRECTORY", "O_EXCL", "O_TRUNC")
}

func showFDFlags(v uint64) string {
	return showBits(v, "APPEND", "DSYNC", "NONBLOCK", "RSYNC", "SYNC")
}

func showFstFlags(v uint64) string {
	return showBits(v, "ATIM", "ATIM_NOW", "MTIM", "MTIM_NOW")
}

func showLookup(v uint64) string { return showBits(v, "SYMLINK_FOLLOW") }

// showRights names the rights that make a file's mode and writes the others in
// hexadecimal: the list of all of them would hide the rest of the line.
func showRights(v uint64) string {
	const named = rightFDRead | rightFDWrite | rightFDSeek | rightFDReaddir
	var parts []string
	for _, n := range [...]struct {
		right rights
		name  string
	}{{rightFDRead, "READ"}, {rightFDWrite, "WRITE"}, {rightFDSeek, "SEEK"}, {rightFDReaddir, "READDIR"}} {
		if rights(v)&n.right != 0 {
			parts = append(parts, n.name)
		}
	}
	if rest := v &^ uint64(named); rest != 0 {
		parts = append(parts, "0x"+strconv.FormatUint(rest, 16))
	}
	if len(parts) == 0 {
		return "0"
	}
	return strings.Join(parts, "|")
}

// showNanoseconds writes what a clock gave.
func showNanoseconds(b []byte) string {
	return strconv.FormatUint(binary.LittleEndian.Uint64(b), 10) + "ns"
}

// showTime writes a file's time.
func showTime(v uint64) string {
	if v > 1<<63-1 {
		return strconv.FormatUint(v, 10) + "ns"
	}
	return time.Unix(0, int64(v)).UTC().Format("2006-01-02T15:04:05.999999999Z")
}

func showFdstat(b []byte) string {
	le := binary.LittleEndian
	return fmt.Sprintf("{%s, flags=%s, base=%s, inheriting=%s}", showFiletype(uint64(b[0])),
		showFDFlags(uint64(le.Uint16(b[2:]))), showRights(le.Uint64(b[8:])), showRights(le.Uint64(b[16:])))
}

func showFilestat(b []byte) string {
	le := binary.LittleEndian
	return fmt.Sprintf("{%s, size=%d, nlink=%d, mtim=%s, dev=%d, ino=%d}", showFiletype(uint64(b[16])),
		le.Uint64(b[32:]), le.Uint64(b[24:]), showTime(le.Uint64(b[48:])), le.Uint64(b), le.Uint64(b[8:]))
}

func showPrestat(b []byte) string {
	return fmt.Sprintf("{PREOPENTYPE_DIR, len=%d}", binary.LittleEndian.Uint32(b[4:]))
}

// maxShown is how many records of a list a trace shows.
const maxShown = 16

// showList writes records one behind the other until next has none left.
func showList(b []byte, next func([]byte) (string, []byte)) string {
	var parts []string
	for len(b) > 0 {
		if len(parts) == maxShown {
			parts = append(parts, "…")
			break
		}
		var s string
		s, b = next(b)
		parts = append(parts, s)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func showDirents(b []byte) string {
	return showList(b, func(b []byte) (string, []byte) {
		if len(b) < sizeDirent {
			return "…", nil
		}
		le := binary.LittleEndian
		n := uint64(le.Uint32(b[16:]))
		kind, name := b[20], b[sizeDirent:]
		if n > uint64(len(name)) {
			return fmt.Sprintf("{%s, %q…}", showFiletype(uint64(kind)), name), nil
		}
		return fmt.Sprintf("{%s, %q}", showFiletype(uint64(kind)), name[:n]), name[n:]
	})
}

func showEventType(v uint64) string { return showName(v, "CLOCK", "FD_READ", "FD_WRITE") }

func showSubscriptions(b []byte) string {
	return showList(b, func(b []byte) (string, []byte) {
		if len(b) < sizeSubscription {
			return "…", nil
		}
		sub := subscription(b[:sizeSubscription])
		rest := b[sizeSubscription:]
		if sub.tag() != eventClock {
			return fmt.Sprintf("{%s, fd=%d}", showEventType(uint64(sub.tag())), sub.fd()), rest
		}
		return fmt.Sprintf("{%s, %s%s}", showClock(uint64(sub.clock())), showTimeout(sub), showAbsolute(sub)), rest
	})
}

func showTimeout(sub subscription) string {
	if sub.timeout() > 1<<63-1 || sub.flags()&flagAbstime != 0 {
		return strconv.FormatUint(sub.timeout(), 10) + "ns"
	}
	return time.Duration(sub.timeout()).String()
}

func showAbsolute(sub subscription) string {
	if sub.flags()&flagAbstime != 0 {
		return ", ABSTIME"
	}
	return ""
}

func showEvents(b []byte) string {
	return showList(b, func(b []byte) (string, []byte) {
		if len(b) < sizeEvent {
			return "…", nil
		}
		le := binary.LittleEndian
		s := fmt.Sprintf("{%s, %s", showEventType(uint64(b[10])), Errno(le.Uint16(b[8:])))
		if b[10] != eventClock && le.Uint16(b[8:]) == 0 {
			s += fmt.Sprintf(", nbytes=%d", le.Uint64(b[16:]))
			if b[24]&flagHangup != 0 {
				s += ", HANGUP"
			}
		}
		return s + "}", b[sizeEvent:]
	})
}
