package cli

import (
	"context"
	"errors"
	"testing"

	"github.com/faaslens/faaslens/guest"
)

func TestAFunctionThatIsBeingStoredHoldsUpNoOther(t *testing.T) {
	var turns turns
	slow, other := guest.Name{User: "demo", Function: "slow"}, guest.Name{User: "demo", Function: "other"}
	done, err := turns.take(t.Context(), slow)
	if err != nil {
		t.Fatal(err)
	}
	doneOther, err := turns.take(t.Context(), other)
	if err != nil {
		t.Fatalf("another function: %v", err)
	}
	doneOther()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turns.take(gone, slow); !errors.Is(err, context.Canceled) {
		t.Errorf("the same function, by who has gone: %v", err)
	}
	second := make(chan struct{})
	go func() {
		defer close(second)
		if done, err := turns.take(t.Context(), slow); err != nil {
			t.Errorf("the same function, by who waits: %v", err)
		} else {
			done()
		}
	}()
	done()
	<-second
	if len(turns.taken) != 0 {
		t.Errorf("%d functions are remembered of which nobody has the turn", len(turns.taken))
	}
}
