package planner

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall/faasm"
	"github.com/faaslens/faaslens/sharedfile"
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
		say(w, http.StatusBadRequest, "Bad request, expected file path header FilePath")
		return "", false
	case !filepath.IsLocal(name):
		say(w, http.StatusBadRequest, "the header FilePath leads out of the shared directory\n")
		return "", false
	}
	clean, err := sharedfile.Clean(name)
	if err != nil {
		say(w, http.StatusBadRequest, err.Error()+"\n")
		return "", false
	}
	for part := range strings.SplitSeq(clean, "/") {
		if len(part) > maxNamePart {
			say(w, http.StatusBadRequest, fmt.Sprintf("the header FilePath has a name of %d bytes: %d are the most\n", len(part), maxNamePart))
			return "", false
		}
	}
	return clean, true
}

// maxNamePart is how long, in bytes, a file's name without its directories can be: Linux's
// NAME_MAX.
const maxNamePart = 255

// keep makes a request's body a shared file, here and on all hosts, all of it or nothing.
func (p *Planner) keep(w http.ResponseWriter, r *http.Request, name, done string) {
	body, ok := p.spool(w, r)
	if !ok {
		return
	}
	defer body.Close()
	if err := p.cfg.Files.Put(r.Context(), name, body); err != nil {
		p.cfg.Log.Warn("a shared file could not be kept", "path", name, "error", err)
		status := http.StatusInternalServerError
		if notAFilesPath(err) {
			status = http.StatusBadRequest
		}
		say(w, status, "keep "+name+": "+reason(err)+"\n")
		return
	}
	say(w, http.StatusOK, done)
}

// notAFilesPath reports whether no file can be at a path: a directory is there, or a file
// where it has a directory.
func notAFilesPath(err error) bool {
	return errors.Is(err, syscall.EEXIST) || errors.Is(err, syscall.EISDIR) || errors.Is(err, syscall.ENOTDIR)
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
	if err := p.cfg.Files.Fetch(r.Context(), name); err != nil {
		p.cfg.Log.Warn("a shared file could not be fetched", "path", name, "error", err)
		say(w, http.StatusInternalServerError, "fetch "+name+": "+reason(err)+"\n")
		return
	}
	root, err := p.cfg.Files.Root()
	if err != nil {
		say(w, http.StatusInternalServerError, "Empty response")
		return
	}
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
		send(w, io.LimitReader(f, info.Size()), info.Size())
	}
}
