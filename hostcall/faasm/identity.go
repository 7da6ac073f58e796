package faasm

import (
	"encoding/binary"

	"github.com/faaslens/faaslens/hostcall"
)

// What every function is told about where it runs. The values are Faasm's.
const (
	userID, groupID   = 1000, 1000
	processID         = 23
	threadID          = 66
	userName          = "faasm"
	hostName          = "faasm"
	workingDirectory  = "/bin"
	parentProcessID   = 1  // Faasm ends the function
	utsnameField      = 65 // bytes of each of uname's six strings
	systemCallGettid  = 224
	defaultTextDomain = "messages"
)

func identityCalls() []hostcall.Spec {
	id := func(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.Out, Size: 4} }
	return []hostcall.Spec{
		call("getuid", i32(), returns(userID)),
		call("geteuid", i32(), returns(userID)),
		call("getgid", i32(), returns(groupID)),
		call("getegid", i32(), returns(groupID)),
		call("getpid", i32(), returns(processID)),
		call("getppid", i32(), returns(parentProcessID)),
		call("getresuid", i32(), threeIDs, id("ruid"), id("euid"), id("suid")),
		call("getresgid", i32(), threeIDs, id("rgid"), id("egid"), id("sgid")),
		call("getpwuid", pointer(), passwdByID, number("uid")),
		call("getpwnam", pointer(), passwdByName, text("name")),
		call("uname", i32(), uname, hostcall.Param{Name: "buf", Kind: hostcall.Out, Size: 6 * utsnameField, ShowBytes: showUname}),
		call("gethostname", i32(), getHostName, bytesOut("name")),
		call("getcwd", pointer(), getWorkingDirectory, bytesOut("buf")),
		call("sysconf", i32(), sysconf, number("name")),
		call("confstr", i32(), returns(0), number("name"), address("buf"), number("len")),
		// No name of a host resolves: functions have no network here.
		call("gethostbyname", pointer(), returns(0), text("name")),
	}
}

// threeIDs is getresuid and getresgid, which in Faasm end the function. User and
// group have the same number.
func threeIDs(c *hostcall.Call) error {
	for i := range 3 {
		c.PutU32(i, userID)
	}
	c.SetResult(0)
	return nil
}

// passwdByID returns the entry of the only user. Other users have none: NULL, where
// Faasm ends the function.
func passwdByID(c *hostcall.Call) error {
	if c.U32(0) != userID {
		c.SetResult(0)
		return nil
	}
	return returnPasswd(c)
}

func passwdByName(c *hostcall.Call) error {
	if string(c.Bytes(0)) != userName {
		c.SetResult(0)
		return nil
	}
	return returnPasswd(c)
}

func returnPasswd(c *hostcall.Call) error {
	at, ok := staticData(c)
	if !ok {
		at = 0
	}
	c.SetResult(uint64(at))
	return nil
}

// Layout of what the host keeps in the guest's memory: struct passwd of wasm32 (pwd.h:
// name, passwd, uid, gid, gecos, dir, shell, of four bytes each), and the strings.
const (
	passwdSize  = 28
	passwdName  = passwdSize
	passwdWord  = passwdName + len(userName) + 1
	passwdGecos = passwdWord + len("x") + 1
	passwdDir   = passwdGecos + 1
	passwdShell = passwdDir + len(workingDirectory) + 1
	textDomain  = passwdShell + len("/bin/sh") + 1
	staticSize  = textDomain + len(defaultTextDomain) + 1
)

// staticData returns where the host's strings are in the guest, and puts them
// there first, once in an invocation, into a mapping of their own. Faasm makes a
// mapping with every call, and leaves the pointers to password, gecos and shell NULL,
// which its readers do not expect.
func staticData(c *hostcall.Call) (at uint32, ok bool) {
	v := invocation(c)
	if v.static != 0 {
		return v.static, true
	}
	start, ok := reserve(c, pageSize)
	if !ok {
		return 0, false
	}
	at = uint32(start)
	b, ok := c.Slice(at, uint32(staticSize))
	if !ok {
		return 0, false
	}
	word := func(i int, value uint32) { binary.LittleEndian.PutUint32(b[4*i:], value) }
	word(0, at+uint32(passwdName))
	word(1, at+uint32(passwdWord))
	word(2, userID)
	word(3, groupID)
	word(4, at+uint32(passwdGecos))
	word(5, at+uint32(passwdDir))
	word(6, at+uint32(passwdShell))
	copy(b[passwdName:], userName+"\x00x\x00\x00"+workingDirectory+"\x00/bin/sh\x00"+defaultTextDomain+"\x00")
	v.heap.keep(extent{start, start + pageSize})
	v.static = at
	return at, true
}

func uname(c *hostcall.Call) error {
	b := c.Bytes(0)
	clear(b)
	for i, s := range [...]string{"Linux", hostName, "1.0.0", "Faasm 123", "x86", "(none)"} {
		copy(b[i*utsnameField:], s)
	}
	c.SetResult(0)
	return nil
}

func showUname(b []byte) string {
	s := "{"
	for i := 0; i+utsnameField <= len(b); i += utsnameField {
		if i > 0 {
			s += ", "
		}
		s += quoteCString(b[i : i+utsnameField])
	}
	return s + "}"
}

// getHostName fails if the name and its NUL do not fit; Faasm writes them anyway.
func getHostName(c *hostcall.Call) error {
	if !putCString(c, hostName) {
		c.SetResult(failed)
		return nil
	}
	c.SetResult(0)
	return nil
}

// getWorkingDirectory returns the buffer, or NULL if the path and its NUL do not
// fit; Faasm writes them anyway.
func getWorkingDirectory(c *hostcall.Call) error {
	buf := c.U32(0)
	if !putCString(c, workingDirectory) {
		buf = 0
	}
	c.SetResult(uint64(buf))
	return nil
}

// putCString fills the first parameter's buffer with s and a NUL.
func putCString(c *hostcall.Call, s string) bool {
	b := c.Bytes(0)
	if len(s) >= len(b) {
		return false
	}
	b[copy(b, s)] = 0
	c.SetFilled(uint32(len(s) + 1))
	return true
}

// Names of sysconf, as musl's unistd.h numbers them, with what is true here.
const (
	scClockTicks     = 2
	scOpenMax        = 4
	scPageSize       = 30
	scIovecMax       = 60
	scPasswdSize     = 70
	scProcessorsConf = 83
	scProcessors     = 84
	scHostNameMax    = 180
)

// sysconf answers the number of processors, the one name that Faasm knows, and a few
// more; -1, which means no limit or no answer, for the rest. Faasm reports the host's
// processors and ends the function for any other name.
func sysconf(c *hostcall.Call) error {
	answer := uint64(failed)
	switch c.U32(0) {
	case scProcessors, scProcessorsConf:
		answer = uint64(max(1, invocation(c).cfg.Processors))
	case scPageSize:
		answer = pageSize
	case scClockTicks:
		answer = 100
	case scOpenMax, scIovecMax, scPasswdSize:
		answer = 1024
	case scHostNameMax:
		answer = 255
	}
	c.SetResult(answer)
	return nil
}
