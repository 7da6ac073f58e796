package wasi

import (
	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
)

// Module is the name that guests import preview 1 from.
const Module = "wasi_snapshot_preview1"

// Calls describes all calls of preview 1; their state is a *[System].
func Calls() hostcall.Set {
	fd := number("fd")
	return hostcall.Set{Specs: []hostcall.Spec{
		call("args_get", (*System).argsGet, pointer("argv"), pointer("buf")),
		call("args_sizes_get", (*System).argsSizesGet, out("count", 4), out("size", 4)),
		call("environ_get", (*System).environGet, pointer("environ"), pointer("buf")),
		call("environ_sizes_get", (*System).environSizesGet, out("count", 4), out("size", 4)),

		call("clock_res_get", (*System).clockResGet, shown("clock", showClock), outShown("resolution", 8, showNanoseconds)),
		call("clock_time_get", (*System).clockTimeGet, shown("clock", showClock), number64("precision"), outShown("time", 8, showNanoseconds)),

		call("fd_advise", (*System).fdAdvise, fd, number64("offset"), number64("len"), shown("advice", showAdvice)),
		call("fd_allocate", (*System).fdAllocate, fd, number64("offset"), number64("len")),
		call("fd_close", (*System).fdClose, fd),
		call("fd_datasync", (*System).fdDatasync, fd),
		call("fd_fdstat_get", (*System).fdFdstatGet, fd, outShown("stat", sizeFdstat, showFdstat)),
		call("fd_fdstat_set_flags", (*System).fdFdstatSetFlags, fd, shown("flags", showFDFlags)),
		call("fd_fdstat_set_rights", (*System).fdFdstatSetRights, fd, shown64("base", showRights), shown64("inheriting", showRights)),
		call("fd_filestat_get", (*System).fdFilestatGet, fd, outShown("stat", sizeFilestat, showFilestat)),
		call("fd_filestat_set_size", (*System).fdFilestatSetSize, fd, number64("size")),
		call("fd_filestat_set_times", (*System).fdFilestatSetTimes, fd, shown64("atim", showTime), shown64("mtim", showTime), shown("flags", showFstFlags)),
		ending("fd_pread", (*System).fdPread, fd, outVec("iovs"), number64("offset"), out("nread", 4)),
		call("fd_prestat_get", (*System).fdPrestatGet, fd, outShown("prestat", sizePrestat, showPrestat)),
		call("fd_prestat_dir_name", (*System).fdPrestatDirName, fd, outBytes("path")),
		ending("fd_pwrite", (*System).fdPwrite, fd, inVec("iovs"), number64("offset"), out("nwritten", 4)),
		ending("fd_read", (*System).fdRead, fd, outVec("iovs"), out("nread", 4)),
		call("fd_readdir", (*System).fdReaddir, fd, outBytesShown("buf", showDirents), number64("cookie"), out("used", 4)),
		call("fd_renumber", (*System).fdRenumber, fd, number("to")),
		call("fd_seek", (*System).fdSeek, fd, number64("offset"), shown("whence", showWhence), out("position", 8)),
		call("fd_sync", (*System).fdSync, fd),
		call("fd_tell", (*System).fdTell, fd, out("position", 8)),
		ending("fd_write", (*System).fdWrite, fd, inVec("iovs"), out("nwritten", 4)),

		call("path_create_directory", (*System).pathCreateDirectory, fd, path("path")),
		call("path_filestat_get", (*System).pathFilestatGet, fd, shown("lookup", showLookup), path("path"), outShown("stat", sizeFilestat, showFilestat)),
		call("path_filestat_set_times", (*System).pathFilestatSetTimes, fd, shown("lookup", showLookup), path("path"),
			shown64("atim", showTime), shown64("mtim", showTime), shown("flags", showFstFlags)),
		call("path_link", (*System).pathLink, number("old_fd"), shown("old_lookup", showLookup), path("old_path"), number("new_fd"), path("new_path")),
		call("path_open", (*System).pathOpen, fd, shown("lookup", showLookup), path("path"), shown("oflags", showOFlags),
			shown64("base", showRights), shown64("inheriting", showRights), shown("fdflags", showFDFlags), out("opened", 4)),
		call("path_readlink", (*System).pathReadlink, fd, path("path"), outBytes("buf"), out("used", 4)),
		call("path_remove_directory", (*System).pathRemoveDirectory, fd, path("path")),
		call("path_rename", (*System).pathRename, fd, path("old_path"), number("new_fd"), path("new_path")),
		call("path_symlink", (*System).pathSymlink, path("old_path"), fd, path("new_path")),
		call("path_unlink_file", (*System).pathUnlinkFile, fd, path("path")),

		ending("poll_oneoff", (*System).pollOneoff,
			hostcall.Param{Name: "in", Kind: hostcall.InRecords, Size: sizeSubscription, Count: 2, ShowBytes: showSubscriptions},
			hostcall.Param{Name: "out", Kind: hostcall.OutRecords, Size: sizeEvent, Count: 2, ShowBytes: showEvents},
			number("nsubscriptions"), out("nevents", 4)),

		{
			Module: Module, Name: "proc_exit", Params: []hostcall.Param{number("code")},
			Do: func(c *hostcall.Call) error { return &guest.Exit{Code: c.I32(0)} },
		},
		call("proc_raise", (*System).procRaise, number("signal")),
		call("sched_yield", (*System).schedYield),
		ending("random_get", (*System).randomGet, outBytes("buf")),

		call("sock_accept", (*System).sockUnsupported, fd, shown("flags", showFDFlags), out("opened", 4)),
		call("sock_recv", (*System).sockUnsupported, fd, outVec("iovs"), number("ri_flags"), out("nread", 4), out("ro_flags", 2)),
		call("sock_send", (*System).sockUnsupported, fd, inVec("iovs"), number("si_flags"), out("nwritten", 4)),
		call("sock_shutdown", (*System).sockShutdown, fd, number("how")),
	}}
}

// call describes a call that only gives the guest an errno. It stays a function of its
// own, so that what it returns is compiled by itself: in Calls, which is large, nothing
// would be inlined into it.
//
//go:noinline
func call(name string, do func(*System, *hostcall.Call) Errno, params ...hostcall.Param) hostcall.Spec {
	return spec(name, params, func(c *hostcall.Call) error {
		c.SetResult(uint64(do(c.State.(*System), c)))
		return nil
	})
}

// ending describes a call that may also end the invocation.
//
//go:noinline
func ending(name string, do func(*System, *hostcall.Call) (Errno, error), params ...hostcall.Param) hostcall.Spec {
	return spec(name, params, func(c *hostcall.Call) error {
		e, err := do(c.State.(*System), c)
		c.SetResult(uint64(e))
		return err
	})
}

func spec(name string, params []hostcall.Param, do func(*hostcall.Call) error) hostcall.Spec {
	return hostcall.Spec{
		Module: Module, Name: name, Params: params,
		Result:      hostcall.Result{Type: guest.I32, Show: showErrno},
		FaultResult: uint64(EFAULT),
		Do:          do,
	}
}

func number(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.Int32} }

func number64(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.Int64} }

func shown(name string, show func(uint64) string) hostcall.Param {
	return hostcall.Param{Name: name, Kind: hostcall.Int32, Show: show}
}

func shown64(name string, show func(uint64) string) hostcall.Param {
	return hostcall.Param{Name: name, Kind: hostcall.Int64, Show: show}
}

func pointer(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.Pointer} }

func path(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.InBytes} }

func out(name string, size uint32) hostcall.Param {
	return hostcall.Param{Name: name, Kind: hostcall.Out, Size: size}
}

func outShown(name string, size uint32, show func([]byte) string) hostcall.Param {
	return hostcall.Param{Name: name, Kind: hostcall.Out, Size: size, ShowBytes: show}
}

func outBytes(name string) hostcall.Param {
	return hostcall.Param{Name: name, Kind: hostcall.OutBytes}
}

func outBytesShown(name string, show func([]byte) string) hostcall.Param {
	return hostcall.Param{Name: name, Kind: hostcall.OutBytes, ShowBytes: show}
}

func inVec(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.InVec} }

func outVec(name string) hostcall.Param { return hostcall.Param{Name: name, Kind: hostcall.OutVec} }
