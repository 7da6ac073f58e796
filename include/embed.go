package include

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
)

//go:embed faasm/*.h posix/*.h posix/sys/*.h lib/*.c
var files embed.FS

// Version returns a hash of all headers and sources, 16 hexadecimal digits: it
// changes whenever one of them does.
func Version() string {
	h := sha256.New()
	for _, name := range names() {
		content := mustRead(name)
		fmt.Fprintf(h, "%s %d\n", name, len(content))
		h.Write(content)
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// names returns the path of every file, sorted.
func names() []string {
	var all []string
	err := fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			all = append(all, name)
		}
		return nil
	})
	if err != nil {
		panic("embedded files: " + err.Error()) // cannot happen: they are part of the program
	}
	return all
}

func mustRead(name string) []byte {
	content, err := files.ReadFile(name)
	if err != nil {
		panic("embedded files: " + err.Error()) // as above
	}
	return content
}

// sources returns the paths of the library's sources, sorted.
func sources() []string {
	var all []string
	for _, name := range names() {
		if path.Dir(name) == "lib" {
			all = append(all, name)
		}
	}
	return all
}
