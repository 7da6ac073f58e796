package faasm

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/faaslens/faaslens/guest"
	"github.com/faaslens/faaslens/hostcall"
	"github.com/faaslens/faaslens/state"
)

// stateCalls are the values that functions share. A value that a call cannot use ends
// the function with a trap that says why, as Faasm ends it with an exception.
func stateCalls() []hostcall.Spec {
	key, size := text("key"), func(name string) hostcall.Param {
		return hostcall.Param{Name: name, Kind: hostcall.Int32, Show: showSize}
	}
	total, offset, length := size("totalLen"), size("offset"), size("len")
	count := hostcall.Result{Type: guest.I32, Show: showSize}
	return []hostcall.Spec{
		call("__faasm_read_state", count, onState(readState), key, bytesOut("buffer")),
		call("__faasm_read_state_ptr", pointer(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			return mapState(c, s, ctx, 0, c.U32(1))
		}), key, total),
		call("__faasm_read_state_offset_ptr", pointer(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			return mapState(c, s, ctx, c.U32(2), c.U32(3))
		}), key, total, offset, length),
		call("__faasm_read_state_offset", none(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			v, err := s.Value(ctx, c.String(0), int64(c.U32(1)))
			if err != nil {
				return err
			}
			c.SetFilled(c.Len(3))
			return v.Read(ctx, int64(c.U32(2)), c.Bytes(3))
		}), key, total, offset, bytesOut("buffer")),
		call("__faasm_write_state", none(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			return writeState(c, s, ctx, int64(c.Len(1)), 0, c.Bytes(1))
		}), key, bytesIn("data")),
		call("__faasm_write_state_offset", none(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			return writeState(c, s, ctx, int64(c.U32(1)), int64(c.U32(2)), c.Bytes(3))
		}), key, total, offset, bytesIn("data")),
		call("__faasm_write_state_from_file", count, onState(writeFromFile), key, text("path")),
		call("__faasm_flag_state_dirty", none(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			return markDirty(c, s, ctx, 0, c.U32(1))
		}), key, total),
		call("__faasm_flag_state_offset_dirty", none(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			return markDirty(c, s, ctx, c.U32(2), c.U32(3))
		}), key, total, offset, length),
		call("__faasm_push_state", none(), onValue(func(v *state.Value, ctx context.Context) error { return v.Push(ctx) }), key),
		call("__faasm_push_state_partial", none(), onValue(func(v *state.Value, ctx context.Context) error { return v.PushPartial(ctx) }), key),
		call("__faasm_push_state_partial_mask", none(), onState(pushMask), key, text("maskKey")),
		call("__faasm_pull_state", none(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			v, err := s.Value(ctx, c.String(0), int64(c.U32(1)))
			if err != nil {
				return err
			}
			return v.Pull(ctx)
		}), key, length),
		call("__faasm_append_state", none(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			return s.Append(ctx, c.String(0), c.Bytes(1))
		}), key, bytesIn("data")),
		call("__faasm_read_appended_state", none(), onState(readAppended), key, bytesOut("buffer"), number("nElems")),
		call("__faasm_clear_appended_state", none(), onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
			return s.ClearAppended(ctx, c.String(0))
		}), key),
		call("__faasm_lock_state_read", none(), onLock(false, true), key),
		call("__faasm_lock_state_write", none(), onLock(true, true), key),
		call("__faasm_unlock_state_read", none(), onLock(false, false), key),
		call("__faasm_unlock_state_write", none(), onLock(true, false), key),
	}
}

// onState is a call on the state of the function's user.
func onState(do func(*hostcall.Call, *state.Session, context.Context) error) func(*hostcall.Call) error {
	return func(c *hostcall.Call) error {
		v := invocation(c)
		if v.cfg.State == nil {
			return trap("%s.%s is not provided: there is no state here", c.Spec.Module, c.Spec.Name)
		}
		err := do(c, v.state(), c.Guest.Context())
		var ended *guest.Trap
		if err != nil && !errors.As(err, &ended) && c.Guest.Context().Err() == nil {
			return trap("%s: %v", c.Spec.Name, err)
		}
		return err
	}
}

// state is the invocation's use of the state.
func (v *Invocation) state() *state.Session {
	if v.session == nil {
		v.session = v.cfg.State.Open(v.cfg.User)
	}
	return v.session
}

// onValue is a call on a value that has a size already.
func onValue(do func(*state.Value, context.Context) error) func(*hostcall.Call) error {
	return onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
		v, err := s.Value(ctx, c.String(0), 0)
		if err != nil {
			return err
		}
		return do(v, ctx)
	})
}

func onLock(write, take bool) func(*hostcall.Call) error {
	return onState(func(c *hostcall.Call, s *state.Session, ctx context.Context) error {
		if take {
			return s.Lock(ctx, c.String(0), write)
		}
		return s.Unlock(c.String(0), write)
	})
}

// readState copies as much of the value as fits and returns the value's size, 0 for one
// that is missing.
func readState(c *hostcall.Call, s *state.Session, ctx context.Context) error {
	size, err := s.Size(ctx, c.String(0))
	if err != nil || size == 0 {
		return err
	}
	c.SetResult(uint64(size))
	n := min(int64(c.Len(1)), size)
	if n == 0 {
		return nil
	}
	v, err := s.Value(ctx, c.String(0), 0)
	if err != nil {
		return err
	}
	c.SetFilled(uint32(n))
	return v.Read(ctx, 0, c.Bytes(1)[:n])
}

func writeState(c *hostcall.Call, s *state.Session, ctx context.Context, size, offset int64, data []byte) error {
	if size == 0 {
		return errors.New("a value needs at least one byte")
	}
	v, err := s.Value(ctx, c.String(0), size)
	if err != nil {
		return err
	}
	return v.Write(offset, data)
}

// writeFromFile makes a value of a file of the function's, and returns its size.
func writeFromFile(c *hostcall.Call, s *state.Session, ctx context.Context) error {
	files := invocation(c).cfg.Files
	if files == nil {
		return errors.New("the function has no files")
	}
	f, err := files.Open(ctx, c.String(1))
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	v, err := s.Value(ctx, c.String(0), info.Size())
	if err != nil {
		return err
	}
	buf := make([]byte, min(info.Size(), state.ChunkSize))
	for at := int64(0); at < info.Size(); {
		piece := buf[:min(int64(len(buf)), info.Size()-at)]
		if _, err := io.ReadFull(f, piece); err != nil {
			return fmt.Errorf("read %q: %w", c.String(1), err)
		}
		if err := v.Write(at, piece); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		at += int64(len(piece))
	}
	c.SetResult(uint64(info.Size()))
	return nil
}

func markDirty(c *hostcall.Call, s *state.Session, ctx context.Context, offset, n uint32) error {
	v, err := s.Value(ctx, c.String(0), int64(c.U32(1)))
	if err != nil {
		return err
	}
	return v.MarkDirty(int64(offset), int64(n))
}

func pushMask(c *hostcall.Call, s *state.Session, ctx context.Context) error {
	v, err := s.Value(ctx, c.String(0), 0)
	if err != nil {
		return err
	}
	mask, err := s.Value(ctx, c.String(1), 0)
	if err != nil {
		return err
	}
	return v.PushPartialMask(ctx, mask)
}

// readAppended joins the first elements of a list.
func readAppended(c *hostcall.Call, s *state.Session, ctx context.Context) error {
	elements, err := s.Appended(ctx, c.String(0), int(max(c.I32(2), 0)))
	if err != nil {
		return err
	}
	buf := c.Bytes(1)
	filled := 0
	for _, e := range elements {
		if len(e) > len(buf)-filled {
			return errors.New("the elements do not fit the buffer")
		}
		filled += copy(buf[filled:], e)
	}
	c.SetFilled(uint32(filled))
	return nil
}
