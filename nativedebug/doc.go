// Package nativedebug sets gdb and lldb up for guest code: it finds them, holds their
// extensions (gdb.py and lldb.py, which run inside of them) and makes their command
// lines. It debugs nothing itself; what the debuggers read is written by package
// symfile.
package nativedebug
