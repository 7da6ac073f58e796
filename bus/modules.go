package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/faaslens/faaslens/guest"
)

// Module is a function's module on the bus.
type Module struct {
	Function guest.Name
	// Digest tells versions apart.
	Digest  string
	Deleted bool
	// WarmExport is the export that prepares the function; empty for none.
	WarmExport string
}

// warmExportKey is what a module's WarmExport is called in its metadata.
const warmExportKey = "warm-export"

// PutModule makes a module the newest of its function, with the export that prepares it.
func (b *Bus) PutModule(ctx context.Context, name guest.Name, module []byte, warmExport string) error {
	meta := jetstream.ObjectMeta{Name: name.String()}
	if warmExport != "" {
		meta.Metadata = map[string]string{warmExportKey: warmExport}
	}
	if _, err := b.modules.Put(ctx, meta, bytes.NewReader(module)); err != nil {
		return fmt.Errorf("store the module of %s on the bus: %w", name, err)
	}
	return nil
}

// DeleteModule removes a function; no error if there is none.
func (b *Bus) DeleteModule(ctx context.Context, name guest.Name) error {
	if err := b.modules.Delete(ctx, name.String()); err != nil && !errors.Is(err, jetstream.ErrObjectNotFound) {
		return fmt.Errorf("delete the module of %s on the bus: %w", name, err)
	}
	return nil
}

// ErrNoModule is that a function was never on the bus.
var ErrNoModule = errors.New("there is no such module on the bus")

// FindModule tells which version of a function is the newest, or that it was removed. The
// error may be ErrNoModule.
func (b *Bus) FindModule(ctx context.Context, name guest.Name) (Module, error) {
	info, err := b.modules.GetInfo(ctx, name.String(), jetstream.GetObjectInfoShowDeleted())
	if errors.Is(err, jetstream.ErrObjectNotFound) {
		return Module{}, ErrNoModule
	}
	if err != nil {
		return Module{}, fmt.Errorf("look for the module of %s on the bus: %w", name, err)
	}
	return moduleOf(name, info), nil
}

func moduleOf(name guest.Name, info *jetstream.ObjectInfo) Module {
	return Module{Function: name, Digest: info.Digest, Deleted: info.Deleted, WarmExport: info.Metadata[warmExportKey]}
}

// GetModule returns the newest module of a function, up to a size.
func (b *Bus) GetModule(ctx context.Context, name guest.Name, limit int64) ([]byte, error) {
	o, err := b.modules.Get(ctx, name.String())
	if err != nil {
		return nil, fmt.Errorf("read the module of %s from the bus: %w", name, err)
	}
	defer o.Close()
	module, err := io.ReadAll(io.LimitReader(o, limit+1))
	if err == nil && int64(len(module)) > limit {
		err = fmt.Errorf("it has more than %s", guest.FormatBytes(uint64(limit)))
	}
	if err != nil {
		return nil, fmt.Errorf("read the module of %s from the bus: %w", name, err)
	}
	return module, nil
}

// WatchModules calls f with every function there is, then ready, and then f with every
// one that changes, until the context ends.
func (b *Bus) WatchModules(ctx context.Context, f func(Module), ready func()) error {
	w, err := b.modules.Watch(ctx)
	if err != nil {
		return fmt.Errorf("watch the modules on the bus: %w", err)
	}
	defer w.Stop()
	for {
		select {
		case info, open := <-w.Updates():
			switch {
			case !open:
				return ctx.Err()
			case info == nil:
				ready()
				continue
			}
			name, err := guest.ParseName(info.Name)
			if err != nil {
				b.cfg.Log.Warn("there is something on the bus that is no function", "name", strings.ToValidUTF8(info.Name, "?"))
				continue
			}
			f(moduleOf(name, info))
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
