package gateway

import (
	"net/http"
	"time"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/store"
)

// Function is what is known of a function.
type Function struct {
	Function string    `json:"function"`
	Size     int64     `json:"size"` // of the module, bytes
	SHA256   string    `json:"sha256"`
	Modified time.Time `json:"modified"`
	Language string    `json:"language,omitempty"`
	BuildID  string    `json:"build_id,omitempty"`
	// Lines is whether the module has debug information of its own.
	Lines  bool   `json:"lines"`
	Damage string `json:"damage,omitempty"` // why it cannot be used
	Origin string `json:"origin,omitempty"`
	// WarmExport is the export that prepares it, once for all invocations.
	WarmExport string `json:"warm_export,omitempty"`
	Imports    []Item `json:"imports,omitempty"`
	Exports    []Item `json:"exports,omitempty"`
}

// Item is an import or an export.
type Item struct {
	Module string `json:"module,omitempty"`
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Type   string `json:"type"`
}

func functionOf(f *store.Function) Function {
	v := Function{
		Function: f.Name.String(), Size: f.Size, SHA256: f.SHA256, Modified: f.ModTime.UTC(),
		Language: f.Language, BuildID: f.BuildID, Lines: f.HasDWARF, Origin: f.Meta.Origin, WarmExport: f.Meta.WarmExport,
	}
	if f.Err != nil {
		v.Damage = f.Err.Error()
	}
	return v
}

func (g *Gateway) listFunctions(w http.ResponseWriter, r *http.Request) {
	user := r.URL.Query().Get("user")
	all, err := g.cfg.Store.List(user)
	if err != nil {
		fail(w, badRequest("", "%v", err))
		return
	}
	list := []Function{}
	for k := range all {
		list = append(list, functionOf(&all[k]))
	}
	answer(w, http.StatusOK, list)
}

func (g *Gateway) showFunction(w http.ResponseWriter, r *http.Request) {
	name, p := functionName(r)
	if p != nil {
		fail(w, p)
		return
	}
	f, err := g.cfg.Store.Get(name)
	if err != nil {
		fail(w, g.moduleProblem(name, err))
		return
	}
	v := functionOf(&f)
	v.Imports, v.Exports = items(f.Imports), items(f.Exports)
	answer(w, http.StatusOK, v)
}

func items(all []store.Item) []Item {
	var list []Item
	for _, i := range all {
		list = append(list, Item(i))
	}
	return list
}

// upload takes a module. It answers when that is compiled and kept.
func (g *Gateway) upload(w http.ResponseWriter, r *http.Request) {
	name, p := functionName(r)
	if p == nil && g.draining.Load() {
		p = refusal(errDraining)
	}
	if p != nil {
		fail(w, p)
		return
	}
	module, p := ReadBody(w, r, g.cfg.MaxModule, g.cfg.BodyTimeout)
	if p != nil {
		fail(w, p)
		return
	}
	if len(module) == 0 {
		fail(w, badRequest("send the module as the body: curl --upload-file function.wasm URL", "%s: the body is empty", name))
		return
	}
	status := http.StatusCreated
	if g.cfg.Functions.Has(name) {
		status = http.StatusOK
	}
	f, err := g.cfg.Functions.Publish(r.Context(), name, module, store.AddOptions{
		Origin: "uploaded by " + r.RemoteAddr, WarmExport: r.URL.Query().Get("warm-export"),
	})
	if err != nil {
		fail(w, g.moduleProblem(name, err))
		return
	}
	g.cfg.Log.Info("function uploaded", "function", name.String(), "bytes", len(module), "sha256", f.SHA256)
	w.Header().Set("Location", "/v1/functions/"+name.String())
	answer(w, status, functionOf(&f))
}

func (g *Gateway) removeFunction(w http.ResponseWriter, r *http.Request) {
	name, p := functionName(r)
	if p != nil {
		fail(w, p)
		return
	}
	if err := g.cfg.Functions.Remove(name); err != nil {
		fail(w, g.moduleProblem(name, err))
		return
	}
	g.cfg.Log.Info("function removed", "function", name.String())
	w.WriteHeader(http.StatusNoContent)
}

// flush lets go of all functions that are ready.
func (g *Gateway) flush(w http.ResponseWriter, _ *http.Request) {
	g.cfg.Functions.Flush()
	w.WriteHeader(http.StatusNoContent)
}

// functionName is the function that a path names.
func functionName(r *http.Request) (guest.Name, *Problem) {
	n := guest.Name{User: r.PathValue("user"), Function: r.PathValue("function")}
	if err := n.Validate(); err != nil {
		return n, badRequest("", "%v", err)
	}
	return n, nil
}
