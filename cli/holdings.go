package cli

import (
	"github.com/faaslens/faaslens/cluster"
	"github.com/faaslens/faaslens/gateway"
	"github.com/faaslens/faaslens/sharedfile"
)

// openFiles has the files behind faasm:// be the same in all processes that share work.
func (v *service) openFiles(f *serveFlags) {
	cfg := sharedfile.Config{Open: v.store.Shared, Log: v.log}
	if f.shared() {
		cfg.Remote = v.bus
	}
	v.files = sharedfile.New(cfg)
}

// heldFunctions are functions of which a flush lets go together with all else that this
// process and the others hold.
type heldFunctions struct {
	gateway.Functions
	holdings *cluster.Holdings
}

// Flush implements gateway.Functions.
func (h *heldFunctions) Flush() { h.holdings.Flush() }
