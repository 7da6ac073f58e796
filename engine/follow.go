package engine

import (
	"context"
	"errors"
	"time"
)

// followAfter is the age at which an invocation's context is followed. To be told of a
// context's end costs as much as a short invocation, so those never ask; one that waits in
// a host call does at once.
const followAfter = 2 * time.Millisecond

// follow has the invocation stopped when its context ends, or now if it has.
func (s *slot) follow(generation uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx := s.unfollowed
	if ctx == nil || s.generation.Load() != generation {
		return
	}
	s.unfollowed = nil
	s.unfollow = context.AfterFunc(ctx, func() {
		reason := uint8(stopCancelled)
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			reason = stopDeadline
		}
		s.requestStop(generation, reason)
	})
}

// isUnfollowed reports whether the end of the context is still to be followed.
func (s *slot) isUnfollowed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unfollowed != nil
}

// followNoMore lets go of the context of an invocation that has ended.
func (s *slot) followNoMore() {
	s.endable = false
	s.mu.Lock()
	unfollow := s.unfollow
	s.unfollowed, s.unfollow = nil, nil
	s.mu.Unlock()
	if unfollow != nil {
		unfollow()
	}
}
