package cluster

import (
	"log/slog"

	"github.com/faaslens/faaslens/bus"
	"github.com/faaslens/faaslens/sharedfile"
	"github.com/faaslens/faaslens/state"
)

// Holdings are what a member holds of what all share: functions that are ready, state in
// memory, files. The members tell one another when they are to let go of it.
type Holdings struct {
	cfg  HoldingsConfig
	deaf func() // stops hearing of other members
}

// HoldingsConfig is what a member holds. All but Log must be given.
type HoldingsConfig struct {
	Bus       *bus.Bus
	Functions interface{ Flush() }
	State     *state.Local
	Files     *sharedfile.Files
	Log       *slog.Logger
}

// OpenHoldings starts to hear of the other members. Close ends that.
func OpenHoldings(cfg HoldingsConfig) (*Holdings, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	h := &Holdings{cfg: cfg}
	var err error
	if h.deaf, err = cfg.Bus.HearNotices(h.hear); err != nil {
		return nil, err
	}
	return h, nil
}

// Close hears nothing more. It may be called twice.
func (h *Holdings) Close() { h.deaf() }

func (h *Holdings) hear(n bus.Notice) {
	switch {
	case n.Flush:
		h.drop()
	case n.Changed != nil:
		h.cfg.State.Changed(*n.Changed)
	}
}

// drop lets go of everything here. What runs goes on with what it has.
func (h *Holdings) drop() {
	h.cfg.State.Flush()
	h.cfg.Files.Flush()
	h.cfg.Functions.Flush()
}

// Flush lets go of everything here, and tells the other members to: functions are opened
// anew, state and files are read anew. State that was not pushed is lost.
func (h *Holdings) Flush() {
	h.drop()
	h.tell(bus.Notice{Flush: true})
}

// Changed tells the other members that a value was changed by who is no function.
func (h *Holdings) Changed(c state.Change) { h.tell(bus.Notice{Changed: &c}) }

func (h *Holdings) tell(n bus.Notice) {
	if err := h.cfg.Bus.Notify(n); err != nil {
		h.cfg.Log.Warn("the other members may go on with what they hold", "error", err)
	}
}
