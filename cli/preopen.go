package cli

import (
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/faaslens/faaslens/hostcall/wasi"
)

// openDirectories opens what --dir names, each HOST:GUEST or HOST:GUEST:ro. The
// caller closes their roots, also after an error.
func openDirectories(specs []string) ([]wasi.Preopen, error) {
	var all []wasi.Preopen
	for _, spec := range specs {
		p, host, err := parseDirectory(spec)
		if err != nil {
			return all, err
		}
		if p.Root, err = os.OpenRoot(host); err != nil {
			var path *fs.PathError
			if errors.As(err, &path) {
				err = path.Err
			}
			return all, misuse("--dir %s: open %s: %w", spec, host, err)
		}
		all = append(all, p)
	}
	return all, nil
}

func closeDirectories(all []wasi.Preopen) {
	for _, p := range all {
		p.Root.Close()
	}
}

func parseDirectory(spec string) (p wasi.Preopen, host string, err error) {
	rest, readOnly := strings.CutSuffix(spec, ":ro")
	if !readOnly {
		rest = strings.TrimSuffix(rest, ":rw")
	}
	// The name in the guest is behind the last colon: paths of the host may have more.
	at := strings.LastIndexByte(rest, ':')
	if at <= 0 || at == len(rest)-1 {
		return p, "", misuse("--dir %s: want HOST:GUEST, such as data:/data, with :ro behind it for reading only", spec)
	}
	return wasi.Preopen{Guest: rest[at+1:], ReadOnly: readOnly}, rest[:at], nil
}
