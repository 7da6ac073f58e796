// Package store keeps functions on disk, in Faasm's layout under one root
// directory that the caller names:
//
//	wasm/USER/FUNCTION/function.wasm        what runs
//	wasm/USER/FUNCTION/function.wasm.debug  its DWARF and names, if it is stripped
//	wasm/USER/FUNCTION/meta.json            what Faasm has no place for
//	object/USER/FUNCTION/                   compiled images, written by the engine
//	shared/                                 files that functions open as faasm://PATH
//	runtime_root/                           the file system that functions see
//
// Other tools may put files there too: what this package does not write, it does
// not trust. It refuses names that [guest.Name.Validate] refuses, symbolic links
// in place of users, functions or modules, and any path that leaves the root
// (os.Root holds that, whatever changes meanwhile). It fetches nothing from a
// network. A damaged function spoils only itself.
//
// Writers of one root take turns, between processes too, by a lock on the file
// .lock in it; readers wait for nobody. A file is written beside its place,
// synced and renamed, the module last: after a crash function.wasm is whole,
// either the old one or the new one. A crash between the renames leaves an old
// module with the new one's debug file or metadata; neither fits it by build id
// and checksum, so both are ignored until the function is added again. What a
// crash leaves unrenamed is ignored, and removed by the next writer of that function.
package store
