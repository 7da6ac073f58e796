// Package snapshot turns a module and the state that one of its instances has reached into
// a module that starts in that state. It works on bytes: who runs the instance is another
// package.
//
//	Instrument   the module, with all exported that must be read; run it, read it
//	Freeze       the module and what was read: a module that starts there
//
// A frozen module has the original's code, byte for byte, and its custom sections, so that
// names, DWARF, build ids and debug files fit it as they did. No index changes that code
// or a name refers to. What is new is what a fresh instance starts with: the size and the
// data of memories, the values of globals, the elements of tables; a start function has
// run and is gone; segments that were dropped are empty. Its mutable globals are all
// exported, so that the host can put them back (see [ExportGlobals]).
//
// What cannot be told from outside is refused, with a *[Refused]: references that are not
// functions of the module, tables with an initial value of their own, imported state.
//
// Sources of the format: WebAssembly Core Specification 3.0, chapter 5.
package snapshot
