// Package symbol says where code is: it turns an offset in a module's code section
// into the function, the calls inlined there and the source's file, line and
// column.
//
// [Open] reads nothing. What an answer needs is read when it is first asked for:
// the headers of all units of DWARF with the first address, the functions and the
// line table of one unit with the first address in that unit. So a Table costs an
// invocation that needs no symbols nothing. What has been read is kept.
//
// Where names come from, in this order:
//
//   - DWARF 2 to 5 (dwarfstd.org) as "DWARF for WebAssembly" places it in custom
//     sections, split files (.dwo) included;
//   - the name section, and export names;
//   - functionDefN, where N counts the module's own functions from 0.
//
// Files, lines and inlined calls come from DWARF; for programs in Go, whose
// compiler writes none for WebAssembly, from the table that Go's own runtime uses,
// as far as that goes.
//
// What cannot be known is left out, never guessed, and [Location].Note says why:
// no debug info, none that covers this code, or damage.
//
// Offsets are [guest.CodeOffset], the offset of an instruction. An engine's frame
// of a caller stands at the call itself, as [guest.Frame] does; who has a return
// address takes one off first, because the code behind a call may belong to
// another line.
//
// Input is not trusted. Time is linear in the size of the sections, but for
// sorting; memory is at most [MaxMemory], beside one copy of the string sections.
// Real programs take about 20 bytes for each change of line and 60 for each
// function or inlined copy, once every unit has been asked for.
//
// A Table may be used by many goroutines at once. It owns none: those that
// [Table.Functions] starts to read units in parallel end before it returns.
package symbol
