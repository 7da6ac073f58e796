package planner

import (
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/store"
)

// uploadFunction takes a module, and compiles it before it answers.
func (p *Planner) uploadFunction(w http.ResponseWriter, r *http.Request) {
	name, ok := functionName(w, r)
	if !ok {
		return
	}
	module, ok := p.body(w, r)
	if !ok {
		return
	}
	if _, err := p.cfg.Functions.Publish(r.Context(), name, module, store.AddOptions{Origin: "uploaded by " + r.RemoteAddr}); err != nil {
		var invalid *guest.InvalidModule
		var link *guest.LinkError
		var unfit *faasm.UnfitModule
		var failure *guest.CompileFailure
		status := http.StatusInternalServerError
		if errors.As(err, &invalid) || errors.As(err, &link) || errors.As(err, &unfit) || errors.As(err, &failure) {
			status = http.StatusBadRequest
		}
		say(w, status, err.Error()+"\n")
		return
	}
	say(w, http.StatusOK, "Function upload complete\n")
}

func functionName(w http.ResponseWriter, r *http.Request) (guest.Name, bool) {
	n := guest.Name{User: r.PathValue("user"), Function: r.PathValue("function")}
	if err := n.Validate(); err != nil {
		say(w, http.StatusBadRequest, err.Error()+"\n")
		return n, false
	}
	return n, true
}

// uploadPython takes a function for the guest that hosts Python.
func (p *Planner) uploadPython(w http.ResponseWriter, r *http.Request) {
	name, ok := functionName(w, r)
	if !ok {
		return
	}
	p.keep(w, r, path.Join("pyfuncs", name.User, name.Function, "function.py"), "Python function upload complete\n")
}

// uploadFile takes a file that functions see as faasm://PATH.
func (p *Planner) uploadFile(w http.ResponseWriter, r *http.Request) {
	name, ok := sharedPath(w, r)
	if !ok {
		return
	}
	p.keep(w, r, name, "Shared file uploaded\n")
}

// sharedPath is the path below the shared directory that a request names.
func sharedPath(w http.ResponseWriter, r *http.Request) (string, bool) {
	name := r.Header.Get("FilePath")
	switch {
	case name == "":
		say(w, http.StatusBadRequest, "the header FilePath is missing\n")
	case !filepath.IsLocal(name):
		say(w, http.StatusBadRequest, "the header FilePath leads out of the shared directory\n")
	default:
		return filepath.Clean(name), true
	}
	return "", false
}

// keep writes a request's body to a shared file, all of it or nothing.
func (p *Planner) keep(w http.ResponseWriter, r *http.Request, name, done string) {
	b, ok := p.body(w, r)
	if !ok {
		return
	}
	root, err := p.cfg.Store.Shared()
	if err == nil {
		err = replaceFile(root, name, b)
		root.Close()
	}
	if err != nil {
		p.cfg.Log.Warn("a shared file could not be kept", "path", name, "error", err)
		say(w, http.StatusInternalServerError, "keep "+name+": "+reason(err)+"\n")
		return
	}
	say(w, http.StatusOK, done)
}

func replaceFile(root *os.Root, name string, content []byte) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	temporary := name + ".new"
	if err := root.WriteFile(temporary, content, 0o644); err != nil {
		return err
	}
	return root.Rename(temporary, name)
}

// reason is an error of the file system without the path, which is ours.
func reason(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return "see the server's log"
}

// sendFile sends a shared file.
func (p *Planner) sendFile(w http.ResponseWriter, r *http.Request) {
	name, ok := sharedPath(w, r)
	if !ok {
		return
	}
	root, err := p.cfg.Store.Shared()
	if err != nil {
		say(w, http.StatusInternalServerError, "Empty response")
		return
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		say(w, http.StatusInternalServerError, "Empty response")
		return
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		say(w, http.StatusInternalServerError, reason(err))
	case info.IsDir():
		say(w, http.StatusOK, "IS_DIR")
	case info.Mode()&fs.ModeType != 0 || info.Size() == 0:
		say(w, http.StatusInternalServerError, "Empty response")
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = io.Copy(w, f) // the client may have gone
	}
}
