package wasi

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// run runs a tool that the tests take their word from.
func run(t *testing.T, tool string, args ...string) string {
	t.Helper()
	cmd := exec.Command(tool, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s\ninstall with: apt-get install clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32 wabt nodejs", cmd.Args, err, &stderr)
	}
	return stdout.String()
}

// The C headers of wasi-libc, generated from preview 1's witx files, are the oracle
// for numbers, layouts and signatures.
func TestNumbersAndLayoutsAreThoseOfTheCHeaders(t *testing.T) {
	var c strings.Builder
	c.WriteString("#include <stddef.h>\n#include <wasi/api.h>\n")
	same := func(name string, value uint64) {
		fmt.Fprintf(&c, "_Static_assert((unsigned long long)(%s) == %dull, %q);\n", name, value, name)
	}
	for i, name := range errnoNames {
		if i > 0 {
			name = strings.TrimPrefix(name, "E")
		}
		same("__WASI_ERRNO_"+name, uint64(i))
	}
	for name, right := range map[string]rights{
		"FD_DATASYNC": rightFDDatasync, "FD_READ": rightFDRead, "FD_SEEK": rightFDSeek, "FD_FDSTAT_SET_FLAGS": rightFDFdstatSetFlags,
		"FD_SYNC": rightFDSync, "FD_TELL": rightFDTell, "FD_WRITE": rightFDWrite, "FD_ADVISE": rightFDAdvise, "FD_ALLOCATE": rightFDAllocate,
		"PATH_CREATE_DIRECTORY": rightPathCreateDirectory, "PATH_CREATE_FILE": rightPathCreateFile, "PATH_LINK_SOURCE": rightPathLinkSource,
		"PATH_LINK_TARGET": rightPathLinkTarget, "PATH_OPEN": rightPathOpen, "FD_READDIR": rightFDReaddir, "PATH_READLINK": rightPathReadlink,
		"PATH_RENAME_SOURCE": rightPathRenameSource, "PATH_RENAME_TARGET": rightPathRenameTarget, "PATH_FILESTAT_GET": rightPathFilestatGet,
		"PATH_FILESTAT_SET_SIZE": rightPathFilestatSetSize, "PATH_FILESTAT_SET_TIMES": rightPathFilestatSetTimes,
		"FD_FILESTAT_GET": rightFDFilestatGet, "FD_FILESTAT_SET_SIZE": rightFDFilestatSetSize, "FD_FILESTAT_SET_TIMES": rightFDFilestatSetTimes,
		"PATH_SYMLINK": rightPathSymlink, "PATH_REMOVE_DIRECTORY": rightPathRemoveDirectory, "PATH_UNLINK_FILE": rightPathUnlinkFile,
		"POLL_FD_READWRITE": rightPollFDReadwrite, "SOCK_SHUTDOWN": rightSockShutdown, "SOCK_ACCEPT": rightSockAccept,
	} {
		same("__WASI_RIGHTS_"+name, uint64(right))
	}
	for name, value := range map[string]uint64{
		"FDFLAGS_APPEND": uint64(fdAppend), "FDFLAGS_DSYNC": uint64(fdDsync), "FDFLAGS_NONBLOCK": uint64(fdNonblock),
		"FDFLAGS_RSYNC": uint64(fdRsync), "FDFLAGS_SYNC": uint64(fdSync),
		"OFLAGS_CREAT": uint64(oCreat), "OFLAGS_DIRECTORY": uint64(oDirectory), "OFLAGS_EXCL": uint64(oExcl), "OFLAGS_TRUNC": uint64(oTrunc),
		"FSTFLAGS_ATIM": uint64(fstAtim), "FSTFLAGS_ATIM_NOW": uint64(fstAtimNow), "FSTFLAGS_MTIM": uint64(fstMtim), "FSTFLAGS_MTIM_NOW": uint64(fstMtimNow),
		"LOOKUPFLAGS_SYMLINK_FOLLOW": uint64(lookupFollow), "WHENCE_SET": whenceSet, "WHENCE_CUR": whenceCur, "WHENCE_END": whenceEnd,
		"CLOCKID_REALTIME": clockRealtime, "CLOCKID_MONOTONIC": clockMonotonic, "CLOCKID_PROCESS_CPUTIME_ID": clockProcessCPU, "CLOCKID_THREAD_CPUTIME_ID": clockThreadCPU,
		"EVENTTYPE_CLOCK": eventClock, "EVENTTYPE_FD_READ": eventRead, "EVENTTYPE_FD_WRITE": eventWrite,
		"SUBCLOCKFLAGS_SUBSCRIPTION_CLOCK_ABSTIME": flagAbstime, "EVENTRWFLAGS_FD_READWRITE_HANGUP": flagHangup,
		"FILETYPE_UNKNOWN": uint64(typeUnknown), "FILETYPE_BLOCK_DEVICE": uint64(typeBlockDevice), "FILETYPE_CHARACTER_DEVICE": uint64(typeCharacterDevice),
		"FILETYPE_DIRECTORY": uint64(typeDirectory), "FILETYPE_REGULAR_FILE": uint64(typeRegularFile), "FILETYPE_SOCKET_DGRAM": uint64(typeSocketDgram),
		"FILETYPE_SOCKET_STREAM": uint64(typeSocketStream), "FILETYPE_SYMBOLIC_LINK": uint64(typeSymbolicLink),
	} {
		same("__WASI_"+name, value)
	}
	for name, value := range map[string]uint64{
		"sizeof(__wasi_fdstat_t)": sizeFdstat, "offsetof(__wasi_fdstat_t, fs_flags)": 2, "offsetof(__wasi_fdstat_t, fs_rights_base)": 8,
		"offsetof(__wasi_fdstat_t, fs_rights_inheriting)": 16,
		"sizeof(__wasi_filestat_t)":                       sizeFilestat, "offsetof(__wasi_filestat_t, ino)": 8, "offsetof(__wasi_filestat_t, filetype)": 16,
		"offsetof(__wasi_filestat_t, nlink)": 24, "offsetof(__wasi_filestat_t, size)": 32, "offsetof(__wasi_filestat_t, atim)": 40,
		"offsetof(__wasi_filestat_t, mtim)": 48, "offsetof(__wasi_filestat_t, ctim)": 56,
		"sizeof(__wasi_prestat_t)": sizePrestat, "offsetof(__wasi_prestat_t, u.dir.pr_name_len)": 4,
		"sizeof(__wasi_dirent_t)": sizeDirent, "offsetof(__wasi_dirent_t, d_ino)": 8, "offsetof(__wasi_dirent_t, d_namlen)": 16, "offsetof(__wasi_dirent_t, d_type)": 20,
		"sizeof(__wasi_subscription_t)": sizeSubscription, "offsetof(__wasi_subscription_t, u.tag)": 8, "offsetof(__wasi_subscription_t, u.u.clock.id)": 16,
		"offsetof(__wasi_subscription_t, u.u.clock.timeout)": 24, "offsetof(__wasi_subscription_t, u.u.clock.flags)": 40,
		"offsetof(__wasi_subscription_t, u.u.fd_read.file_descriptor)": 16,
		"sizeof(__wasi_event_t)": sizeEvent, "offsetof(__wasi_event_t, error)": 8, "offsetof(__wasi_event_t, type)": 10,
		"offsetof(__wasi_event_t, fd_readwrite.nbytes)": 16, "offsetof(__wasi_event_t, fd_readwrite.flags)": 24,
	} {
		same(name, value)
	}
	file := filepath.Join(t.TempDir(), "abi.c")
	if err := os.WriteFile(file, []byte(c.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "clang-19", "--target=wasm32-wasi", "-fsyntax-only", file)
}

// importLine is an import in wasm-objdump's listing, whose type is an index.
var (
	importLine = regexp.MustCompile(`func\[\d+\] sig=(\d+) <.*> <- wasi_snapshot_preview1\.(\w+)`)
	typeLine   = regexp.MustCompile(`type\[(\d+)\] \((.*)\) -> (\w+)`)
	declared   = regexp.MustCompile(`(?m)^(?:__wasi_errno_t|_Noreturn void) (__wasi_(\w+))\(`)
)

func TestSignaturesAreThoseThatACompilerImports(t *testing.T) {
	dir := t.TempDir()
	header := run(t, "clang-19", "--target=wasm32-wasi", "-E", "-P", "-xc", "-include", "wasi/api.h", "/dev/null")
	var c strings.Builder
	c.WriteString("#include <wasi/api.h>\nvoid *all[] = {\n")
	names := map[string]bool{}
	for _, m := range declared.FindAllStringSubmatch(header, -1) {
		fmt.Fprintf(&c, "(void *)%s,\n", m[1])
		names[m[2]] = true
	}
	c.WriteString("};\nint main(int argc, char **argv) { return all[argc] == argv; }\n")
	if err := os.WriteFile(filepath.Join(dir, "all.c"), []byte(c.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	wasm := filepath.Join(dir, "all.wasm")
	run(t, "clang-19", "--target=wasm32-wasi", "-o", wasm, filepath.Join(dir, "all.c"))
	listing := run(t, "wasm-objdump", "-x", wasm)
	types := map[string]string{}
	for _, m := range typeLine.FindAllStringSubmatch(listing, -1) {
		types[m[1]] = "(" + m[2] + ")"
		if m[3] != "nil" {
			types[m[1]] += " -> " + m[3]
		}
	}
	got, want := map[string]string{}, map[string]string{}
	for _, m := range importLine.FindAllStringSubmatch(listing, -1) {
		want[m[2]] = types[m[1]]
	}
	if len(want) < len(names) || len(names) < 45 {
		t.Fatalf("the header declares %d calls, of which %d are imported:\n%s", len(names), len(want), listing)
	}
	table, err := hostcall.NewTable(Calls())
	if err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if s := table.Lookup(Module, name); s != nil {
			got[name] = s.Type().String()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("signatures (-compiler +ours):\n%s", diff)
	}
	if table.Lookup(Module, "proc_raise") == nil || table.Lookup("wasi_unstable", "fd_write") != nil {
		t.Error("proc_raise must be there, and no call of wasi_unstable")
	}
}

func TestEveryCallHasATraceableDescription(t *testing.T) {
	set := Calls()
	if len(set.Specs) != 46 {
		t.Errorf("%d calls, want preview 1's 46", len(set.Specs))
	}
	for _, s := range set.Specs {
		want := uint64(EFAULT)
		if s.Name == "proc_exit" {
			want = 0
		}
		if s.FaultResult != want || want != 0 && (s.Result.Type != guest.I32 || s.Result.Show == nil) {
			t.Errorf("%s: fault result %d, result %+v", s.Name, s.FaultResult, s.Result)
		}
	}
}

func TestErrorsOfTheHostBecomeErrnos(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Errno
	}{
		{nil, SUCCESS}, {syscall.ENOENT, ENOENT}, {syscall.EEXIST, EEXIST}, {syscall.ENOTDIR, ENOTDIR}, {syscall.EISDIR, EISDIR},
		{syscall.ENOTEMPTY, ENOTEMPTY}, {syscall.ELOOP, ELOOP}, {syscall.EXDEV, EXDEV}, {syscall.ENAMETOOLONG, ENAMETOOLONG},
		{syscall.EACCES, EACCES}, {syscall.EPERM, EPERM}, {syscall.EROFS, EROFS}, {syscall.EFBIG, EFBIG}, {syscall.ENOSPC, ENOSPC},
		{syscall.EMFILE, EMFILE}, {syscall.ENFILE, ENFILE}, {syscall.EDQUOT, EDQUOT}, {syscall.EBUSY, EBUSY}, {syscall.EINVAL, EINVAL},
		{syscall.EILSEQ, EILSEQ}, {syscall.ENXIO, ENXIO}, {syscall.EPIPE, EPIPE}, {syscall.ESPIPE, ESPIPE}, {syscall.ETXTBSY, ETXTBSY},
		{syscall.EOPNOTSUPP, ENOTSUP}, {syscall.EAGAIN, EAGAIN}, {syscall.EMLINK, EMLINK}, {syscall.Errno(5000), EIO},
		{&os.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, EACCES},
		{fmt.Errorf("wrapped: %w", &os.LinkError{Op: "rename", Err: syscall.EXDEV}), EXDEV},
		{fs.ErrClosed, EBADF}, {fs.ErrExist, EEXIST}, {fs.ErrNotExist, ENOENT}, {fs.ErrPermission, EACCES},
		{errors.New("something"), EIO},
	} {
		if got := errnoOf(c.err); got != c.want {
			t.Errorf("%v becomes %v, want %v", c.err, got, c.want)
		}
	}
	root := openRoot(t, t.TempDir())
	if _, err := root.Open("../x"); rootErrno(err) != EPERM {
		t.Errorf("%v becomes %v, want EPERM", err, rootErrno(err))
	}
	if got := Errno(200).String(); got != "errno 200" {
		t.Errorf("an unknown errno is called %q", got)
	}
}
