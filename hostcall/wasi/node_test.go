package wasi

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twin makes each call here and in node's WASI, each over a directory of its own,
// and compares the errnos.
type twin struct {
	t    *testing.T
	ours *rig
	in   io.Writer
	out  *bufio.Scanner
	log  []string
}

func newTwin(t *testing.T) (tw *twin, ourDir, nodeDir string) {
	t.Helper()
	r, ourDir := dirRig(t)
	nodeDir = t.TempDir()
	cmd := exec.Command("node", "--no-warnings", "testdata/node.mjs", nodeDir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("%v; install with: apt-get install nodejs (20 or later)", err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	return &twin{t: t, ours: r, in: in, out: bufio.NewScanner(out)}, ourDir, nodeDir
}

// both makes a call with other arguments on either side where descriptors differ:
// an argument of type [2]uint32 is ours and node's. A string becomes pointer and
// length, an int a 32-bit number and a uint64 a 64-bit one.
func (tw *twin) both(name string, args ...any) (ours, nodes Errno, nodeOut []byte) {
	tw.t.Helper()
	var mine, theirs []any
	var mem [][2]any
	at := uint32(argsAt)
	for _, a := range args {
		switch a := a.(type) {
		case [2]uint32:
			mine, theirs = append(mine, a[0]), append(theirs, a[1])
		case string:
			mem = append(mem, [2]any{at, hex.EncodeToString([]byte(a))})
			mine, theirs = append(mine, a), append(theirs, at, len(a))
			at += uint32(len(a)+15) &^ 15
		case uint64:
			mine, theirs = append(mine, a), append(theirs, strconv.FormatUint(a, 10))
		case int:
			mine, theirs = append(mine, a), append(theirs, a)
		default:
			tw.t.Fatalf("argument of type %T", a)
		}
	}
	// The buffers for input and output are the same on both sides.
	for _, region := range [][2]uint32{{0x3000, 16}, {ioAt, 64}} {
		mem = append(mem, [2]any{region[0], hex.EncodeToString(tw.ours.mem[region[0] : region[0]+region[1]])})
	}
	line, err := json.Marshal(map[string]any{"call": name, "args": theirs, "mem": mem, "out": [][2]uint32{{outAt, 64}, {ioAt, 64}, {0x20000, 4096}}})
	if err != nil {
		tw.t.Fatal(err)
	}
	fmt.Fprintf(tw.in, "%s\n", line)
	ours = tw.ours.do(name, mine...)
	if !tw.out.Scan() {
		tw.t.Fatalf("node ended during %s%v: %v", name, args, tw.out.Err())
	}
	var answer struct {
		Errno Errno
		Out   []string
	}
	if err := json.Unmarshal(tw.out.Bytes(), &answer); err != nil {
		tw.t.Fatalf("%s: %v", tw.out.Bytes(), err)
	}
	for _, h := range answer.Out {
		b, err := hex.DecodeString(h)
		if err != nil {
			tw.t.Fatal(err)
		}
		nodeOut = append(nodeOut, b...)
	}
	tw.log = append(tw.log, fmt.Sprintf("%s%v = %v here, %v there", name, args, ours, answer.Errno))
	return ours, answer.Errno, nodeOut
}

// equivalent tells whether two errnos say the same: what leads out of the sandbox is
// EPERM here, and reading what is open for writing EBADF, as in Wasmtime; both are
// ENOTCAPABLE in node.
func equivalent(ours, nodes Errno) bool {
	return ours == nodes || (ours == EPERM || ours == EBADF) && nodes == ENOTCAPABLE
}

func (tw *twin) agree(name string, args ...any) (Errno, []byte) {
	tw.t.Helper()
	ours, nodes, out := tw.both(name, args...)
	if !equivalent(ours, nodes) {
		tw.t.Fatalf("they differ:\n%s", strings.Join(tw.log[max(0, len(tw.log)-12):], "\n"))
	}
	return ours, out
}

// nodeNames are the paths of the random operations: few, so that they meet. l is
// where links are made. The last two lead out.
var nodeNames = []string{"l", "l/x", "a", "b", "c", "a/x", "a/y", "b/x", "a/./b", "a/b/c", "a/x/y", "missing/x", "../a", "/a"}

// TestRandomOperationsDoWhatTheyDoInNode runs the same random operations on files
// here and in node, and compares every errno, what is read, and in the end both
// trees. Left out is where node is known to differ: times to the nanosecond, opening
// a link without following it, O_EXCL on one, links that lead out, paths that end in
// a slash, "..", which it resolves without looking, and which of two reasons to fail
// is said.
func TestRandomOperationsDoWhatTheyDoInNode(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			tw, ourDir, nodeDir := newTwin(t)
			rng := rand.New(rand.NewPCG(seed, 1))
			var open [][2]uint32
			dir := [2]uint32{3, 3}
			name := func() string { return nodeNames[rng.IntN(len(nodeNames))] }
			inside := func() string { return nodeNames[1+rng.IntN(len(nodeNames)-3)] }
			for range 400 {
				tw.ours.at = 0x3000
				copy(tw.ours.mem[ioAt:], fmt.Sprintf("text %d", rng.IntN(1000)))
				tw.ours.vec(ioAt, uint32(rng.IntN(20)))
				pick := func() ([2]uint32, bool) {
					if len(open) == 0 {
						return [2]uint32{}, false
					}
					return open[rng.IntN(len(open))], true
				}
				switch op := rng.IntN(18); op {
				case 0, 1, 2:
					base := []rights{fileRights | directoryRights, (fileRights | directoryRights) &^ onlyWritable &^ rightFDDatasync}[rng.IntN(2)]
					oflags := int([]uint16{0, oCreat, oCreat, oCreat | oExcl, oCreat | oTrunc, oDirectory}[rng.IntN(6)])
					fdflags := int([]uint16{0, fdAppend}[rng.IntN(2)])
					path := name()
					if oflags&int(oExcl) != 0 {
						path = nodeNames[2+rng.IntN(len(nodeNames)-2)]
					}
					e, out := tw.agree("path_open", dir, 1, path, oflags, uint64(base), uint64(inheritedRights), fdflags, outAt)
					if e == SUCCESS {
						open = append(open, [2]uint32{tw.ours.u32(outAt), binary.LittleEndian.Uint32(out)})
					}
				case 3:
					tw.agree("path_create_directory", dir, name())
				case 4:
					tw.agree("path_remove_directory", dir, name())
				case 5:
					tw.agree("path_unlink_file", dir, name())
				case 6:
					tw.agree("path_rename", dir, inside(), dir, inside())
				case 7:
					tw.agree("path_link", dir, 0, inside(), dir, inside())
				case 8:
					tw.agree("path_symlink", []string{"a", "b", "x", "l"}[rng.IntN(4)], dir, "l")
				case 9:
					e, out := tw.agree("path_filestat_get", dir, rng.IntN(2), name(), outAt)
					if e == SUCCESS {
						tw.compareFilestat(out)
					}
				case 10:
					e, out := tw.agree("path_readlink", dir, name(), 0x20000, 64, outAt)
					if e == SUCCESS && binary.LittleEndian.Uint32(out) != tw.ours.u32(outAt) {
						t.Fatalf("path_readlink: %d bytes here, %d there", tw.ours.u32(outAt), binary.LittleEndian.Uint32(out))
					}
				default:
					if fd, ok := pick(); ok {
						open = tw.onDescriptor(rng, op, fd, open)
					}
				}
			}
			for _, fd := range open {
				tw.agree("fd_close", fd)
			}
			if diff := cmp.Diff(tree(t, ourDir), tree(t, nodeDir)); diff != "" {
				t.Errorf("the trees differ (-here +node):\n%s\nafter\n%s", diff, strings.Join(tw.log, "\n"))
			}
		})
	}
}

func (tw *twin) onDescriptor(rng *rand.Rand, op int, fd [2]uint32, open [][2]uint32) [][2]uint32 {
	r := tw.ours
	switch op {
	case 11:
		tw.agree("fd_close", fd)
		return slices.DeleteFunc(open, func(o [2]uint32) bool { return o == fd })
	case 12:
		if e, out := tw.agree("fd_write", fd, 0x3000, 1, outAt); e == SUCCESS {
			tw.compareU32(out)
		}
	case 13:
		if e, out := tw.agree("fd_read", fd, 0x3000, 1, outAt); e == SUCCESS {
			tw.compareU32(out)
			n := r.u32(outAt)
			if got, want := string(r.mem[ioAt:ioAt+n]), string(out[64:64+n]); got != want {
				tw.t.Fatalf("fd_read: %q here, %q there", got, want)
			}
		}
	case 14:
		offset := []int{0, 3, 50}[rng.IntN(3)]
		if e, out := tw.agree("fd_seek", fd, uint64(offset), rng.IntN(3), outAt); e == SUCCESS && r.u64(outAt) != binary.LittleEndian.Uint64(out) {
			tw.t.Fatalf("fd_seek: %d here, %d there", r.u64(outAt), binary.LittleEndian.Uint64(out))
		}
	case 15:
		if e, out := tw.agree("fd_filestat_get", fd, outAt); e == SUCCESS {
			tw.compareFilestat(out)
		}
	case 16:
		r.want(SUCCESS, "fd_fdstat_get", fd[0], outAt)
		if filetype(r.mem[outAt]) == typeRegularFile && rights(r.u64(outAt+8))&rightFDWrite != 0 {
			tw.agree("fd_filestat_set_size", fd, uint64(rng.IntN(40)))
		}
	case 17:
		r.want(SUCCESS, "fd_fdstat_get", fd[0], outAt)
		if filetype(r.mem[outAt]) == typeRegularFile {
			tw.agree("fd_pread", fd, 0x3000, 1, uint64(rng.IntN(10)), outAt)
		}
	}
	return open
}

func (tw *twin) compareU32(out []byte) {
	tw.t.Helper()
	if got, want := tw.ours.u32(outAt), binary.LittleEndian.Uint32(out); got != want {
		tw.t.Fatalf("%d here, %d there after\n%s", got, want, tw.log[len(tw.log)-1])
	}
}

// compareFilestat compares what does not depend on which directory it is.
func (tw *twin) compareFilestat(out []byte) {
	tw.t.Helper()
	le := binary.LittleEndian
	got := tw.ours.filestatAt(outAt)
	kind, nlink, size := filetype(out[16]), le.Uint64(out[24:]), le.Uint64(out[32:])
	if got.filetype != kind || got.nlink != nlink || kind == typeRegularFile && got.size != size {
		tw.t.Fatalf("%+v here, type %d, %d links, %d bytes there, after\n%s", got, kind, nlink, size, strings.Join(tw.log, "\n"))
	}
}

// tree is a snapshot without times and with paths from the top.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	for path, s := range snapshot(t, dir) {
		mode, rest, _ := strings.Cut(s, " ")
		content := rest[min(len(rest), strings.LastIndex(rest, "UTC")+len("UTC")):]
		list = append(list, strings.TrimPrefix(path, dir)+" "+mode+content)
	}
	slices.Sort(list)
	return list
}
