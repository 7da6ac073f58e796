package worker

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// linkImage gives a compiled image the name that Faasm's tools look for, and writes
// the module's MD5 beside it, by which they know whether it is current.
func linkImage(image, link string, module []byte) error {
	temporary := link + ".new"
	// Left behind by a run that was cut short; it may not be there.
	_ = os.Remove(temporary)
	if err := os.Symlink(filepath.Base(image), temporary); err != nil {
		return fmt.Errorf("link the compiled image: %w", err)
	}
	if err := os.Rename(temporary, link); err != nil {
		return fmt.Errorf("link the compiled image: %w", err)
	}
	sum := md5.Sum(module)
	if err := os.WriteFile(link+".md5", []byte(hex.EncodeToString(sum[:])), 0o644); err != nil {
		return fmt.Errorf("write the module's hash: %w", err)
	}
	return nil
}

// CodegenCurrent reports whether Codegen has been done for this module.
func CodegenCurrent(objectDir string, module []byte) bool {
	link := filepath.Join(objectDir, imageLink)
	if _, err := os.Stat(link); err != nil {
		return false
	}
	have, err := os.ReadFile(link + ".md5")
	sum := md5.Sum(module)
	return err == nil && string(have) == hex.EncodeToString(sum[:])
}

// DropCodegen removes compiled images from an object directory, so that the next
// Open compiles anew. Files of other programs stay.
func DropCodegen(objectDir string) error {
	entries, err := os.ReadDir(objectDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove compiled images: %w", err)
	}
	for _, e := range entries {
		name := e.Name()
		switch {
		case name == imageLink, name == imageLink+".md5":
		case filepath.Ext(name) == ".cwasm", filepath.Ext(name) == ".json":
		default:
			continue
		}
		if err := os.Remove(filepath.Join(objectDir, name)); err != nil {
			return fmt.Errorf("remove compiled images: %w", err)
		}
	}
	return nil
}
