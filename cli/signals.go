package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is why a context ended: the user asked the program to stop.
type interrupted struct {
	signal syscall.Signal
}

func (e *interrupted) Error() string { return fmt.Sprintf("stopped by a signal (%s)", e.signal) }

// interruptible returns a context that the first SIGINT or SIGTERM ends, with an
// *interrupted as its cause; the next one kills the program as if nothing had been
// asked. It owns a goroutine, which release ends.
func interruptible(parent context.Context) (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancelCause(parent)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		select {
		case sig := <-signals:
			signal.Stop(signals)
			cancel(&interrupted{sig.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		cancel(context.Canceled)
	}
}

// cause puts the signal in place of the error that it led to.
func cause(ctx context.Context, err error) error {
	if sig, ok := context.Cause(ctx).(*interrupted); ok && err != nil {
		return sig
	}
	return err
}
