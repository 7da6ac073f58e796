package wasi

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// filetype is typenames.witx, $filetype.
type filetype uint8

const (
	typeUnknown filetype = iota
	typeBlockDevice
	typeCharacterDevice
	typeDirectory
	typeRegularFile
	typeSocketDgram
	typeSocketStream
	typeSymbolicLink
)

// typeOfMode is the file type in a host's st_mode. A FIFO has none in WASI.
func typeOfMode(mode uint32) filetype {
	switch mode & unix.S_IFMT {
	case unix.S_IFBLK:
		return typeBlockDevice
	case unix.S_IFCHR:
		return typeCharacterDevice
	case unix.S_IFDIR:
		return typeDirectory
	case unix.S_IFREG:
		return typeRegularFile
	case unix.S_IFSOCK:
		return typeSocketStream
	case unix.S_IFLNK:
		return typeSymbolicLink
	}
	return typeUnknown
}

// rights is typenames.witx, $rights.
type rights uint64

const (
	rightFDDatasync rights = 1 << iota
	rightFDRead
	rightFDSeek
	rightFDFdstatSetFlags
	rightFDSync
	rightFDTell
	rightFDWrite
	rightFDAdvise
	rightFDAllocate
	rightPathCreateDirectory
	rightPathCreateFile
	rightPathLinkSource
	rightPathLinkTarget
	rightPathOpen
	rightFDReaddir
	rightPathReadlink
	rightPathRenameSource
	rightPathRenameTarget
	rightPathFilestatGet
	rightPathFilestatSetSize
	rightPathFilestatSetTimes
	rightFDFilestatGet
	rightFDFilestatSetSize
	rightFDFilestatSetTimes
	rightPathSymlink
	rightPathRemoveDirectory
	rightPathUnlinkFile
	rightPollFDReadwrite
	rightSockShutdown
	rightSockAccept
)

// What the kinds of descriptors allow at most.
const (
	stdinRights  = rightFDRead | rightFDFdstatSetFlags | rightFDFilestatGet | rightPollFDReadwrite
	outputRights = rightFDWrite | rightFDFdstatSetFlags | rightFDFilestatGet | rightPollFDReadwrite

	directoryRights = rightPathCreateDirectory | rightPathCreateFile | rightPathLinkSource | rightPathLinkTarget |
		rightPathOpen | rightFDReaddir | rightPathReadlink | rightPathRenameSource | rightPathRenameTarget |
		rightPathFilestatGet | rightPathFilestatSetSize | rightPathFilestatSetTimes | rightFDFilestatGet |
		rightFDFilestatSetTimes | rightPathSymlink | rightPathRemoveDirectory | rightPathUnlinkFile |
		rightFDSync | rightFDDatasync

	fileRights = rightFDDatasync | rightFDRead | rightFDSeek | rightFDFdstatSetFlags | rightFDSync | rightFDTell |
		rightFDWrite | rightFDAdvise | rightFDAllocate | rightFDFilestatGet | rightFDFilestatSetSize |
		rightFDFilestatSetTimes | rightPollFDReadwrite

	// onlyWritable is what a file has only if it is open for writing.
	onlyWritable = rightFDWrite | rightFDAllocate | rightFDFilestatSetSize
	// onlySeekable is what a file has only if it has a position.
	onlySeekable = rightFDSeek | rightFDTell | rightFDAdvise | rightFDAllocate | rightFDFilestatSetSize

	inheritedRights = directoryRights | fileRights
)

const (
	fdAppend uint16 = 1 << iota
	fdDsync
	fdNonblock
	fdRsync
	fdSync

	fdFlags = fdAppend | fdDsync | fdNonblock | fdRsync | fdSync
)

const (
	oCreat uint16 = 1 << iota
	oDirectory
	oExcl
	oTrunc

	oFlags = oCreat | oDirectory | oExcl | oTrunc
)

const (
	fstAtim uint16 = 1 << iota
	fstAtimNow
	fstMtim
	fstMtimNow

	fstFlags = fstAtim | fstAtimNow | fstMtim | fstMtimNow
)

const lookupFollow uint32 = 1

const (
	whenceSet = iota
	whenceCur
	whenceEnd
)

const (
	clockRealtime = iota
	clockMonotonic
	clockProcessCPU
	clockThreadCPU
)

const (
	eventClock = iota
	eventRead
	eventWrite
)

const (
	flagAbstime = 1 // $subclockflags
	flagHangup  = 1 // $eventrwflags
)

// Sizes of the records in guest memory.
const (
	sizeFdstat       = 24
	sizeFilestat     = 64
	sizePrestat      = 8
	sizeDirent       = 24
	sizeSubscription = 48
	sizeEvent        = 32
)

// filestat is $filestat.
type filestat struct {
	dev, ino         uint64
	filetype         filetype
	nlink, size      uint64
	atim, mtim, ctim uint64 // nanoseconds since 1970
}

// put writes 64 bytes: dev at 0, ino at 8, filetype at 16, nlink at 24, size at 32,
// atim at 40, mtim at 48, ctim at 56.
func (f *filestat) put(b []byte) {
	le := binary.LittleEndian
	le.PutUint64(b, f.dev)
	le.PutUint64(b[8:], f.ino)
	le.PutUint64(b[16:], uint64(f.filetype))
	le.PutUint64(b[24:], f.nlink)
	le.PutUint64(b[32:], f.size)
	le.PutUint64(b[40:], f.atim)
	le.PutUint64(b[48:], f.mtim)
	le.PutUint64(b[56:], f.ctim)
}

func filestatOf(st *unix.Stat_t) filestat {
	return filestat{
		dev: uint64(st.Dev), ino: st.Ino, filetype: typeOfMode(st.Mode),
		nlink: uint64(st.Nlink), size: uint64(max(st.Size, 0)),
		atim: nanoseconds(st.Atim), mtim: nanoseconds(st.Mtim), ctim: nanoseconds(st.Ctim),
	}
}

// nanoseconds is a host's time in WASI's unit, whose zero nothing precedes.
func nanoseconds(t unix.Timespec) uint64 {
	if t.Sec < 0 {
		return 0
	}
	return uint64(t.Sec)*1e9 + uint64(t.Nsec)
}

// putFdstat writes 24 bytes: filetype at 0, flags at 2, base rights at 8,
// inheriting rights at 16.
func putFdstat(b []byte, t filetype, flags uint16, base, inheriting rights) {
	le := binary.LittleEndian
	le.PutUint64(b, uint64(t)|uint64(flags)<<16)
	le.PutUint64(b[8:], uint64(base))
	le.PutUint64(b[16:], uint64(inheriting))
}

// putDirent writes 24 bytes: next cookie at 0, ino at 8, length of the name at 16,
// type at 20.
func putDirent(b []byte, next, ino uint64, namlen int, t filetype) {
	le := binary.LittleEndian
	le.PutUint64(b, next)
	le.PutUint64(b[8:], ino)
	le.PutUint32(b[16:], uint32(namlen))
	le.PutUint32(b[20:], uint32(t))
}
