package bus

import (
	"bytes"
	"context"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/faaslens/faaslens/state"
)

// State is the global tier of state on the bus. It implements state.Global.
//
// A value is kept as USER.KEY.size, 8 bytes, and USER.KEY.c.N, its chunk N, where user and
// key are in base32; what has no chunk is zero. Numbers are little-endian. A list is the
// messages of a subject of its own.
func (b *Bus) State() state.Global { return globalState{b} }

type globalState struct{ bus *Bus }

var names = base32.HexEncoding.WithPadding('_')

func encode(s string) string { return names.EncodeToString([]byte(s)) }

func keyOf(k state.Key, rest string) string {
	return encode(k.User) + "." + encode(k.Name) + "." + rest
}

func (g globalState) get(ctx context.Context, k state.Key, rest string) (value []byte, revision uint64, err error) {
	e, err := g.bus.state.Get(ctx, keyOf(k, rest))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read state %s: %w", k, err)
	}
	return e.Value(), e.Revision(), nil
}

// change replaces an entry by what f makes of it, again if somebody else changed it
// meanwhile.
func (g globalState) change(ctx context.Context, k state.Key, rest string, f func(old []byte) []byte) error {
	for {
		old, revision, err := g.get(ctx, k, rest)
		if err != nil {
			return err
		}
		fresh := f(old)
		if revision == 0 {
			_, err = g.bus.state.Create(ctx, keyOf(k, rest), fresh)
		} else {
			_, err = g.bus.state.Update(ctx, keyOf(k, rest), fresh, revision)
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, jetstream.ErrKeyExists) && !isWrongRevision(err) {
			return fmt.Errorf("write state %s: %w", k, err)
		}
	}
}

// isWrongRevision reports whether somebody else was faster.
func isWrongRevision(err error) bool {
	var e *jetstream.APIError
	return errors.As(err, &e) && e.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence
}

func number(b []byte) int64 {
	if len(b) != 8 {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(b))
}

func toBytes(n int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(n)) }

// Size implements state.Global.
func (g globalState) Size(ctx context.Context, k state.Key) (int64, error) {
	b, _, err := g.get(ctx, k, "size")
	if err != nil {
		return 0, err
	}
	if b == nil {
		return 0, fmt.Errorf("state %s: %w", k, state.ErrNoValue)
	}
	return number(b), nil
}

func chunkKey(n int64) string { return fmt.Sprintf("c.%d", n) }

// Read implements state.Global.
func (g globalState) Read(ctx context.Context, k state.Key, offset int64, buf []byte) error {
	for len(buf) > 0 {
		at := offset % state.ChunkSize
		n := min(int64(len(buf)), state.ChunkSize-at)
		chunk, _, err := g.get(ctx, k, chunkKey(offset/state.ChunkSize))
		if err != nil {
			return err
		}
		g.bus.passed(len(chunk))
		clear(buf[:n])
		if at < int64(len(chunk)) {
			copy(buf[:n], chunk[at:])
		}
		buf, offset = buf[n:], offset+n
	}
	return nil
}

// Write implements state.Global. Hosts that write different bytes of a chunk at the same
// time both find theirs there.
func (g globalState) Write(ctx context.Context, k state.Key, size int64, ranges []state.Range) error {
	before, err := g.Size(ctx, k)
	if err == nil && before != size {
		if err := g.deleteValue(ctx, k); err != nil {
			return err
		}
	} else if err != nil && !errors.Is(err, state.ErrNoValue) {
		return err
	}
	chunks := make(map[int64][]state.Range)
	for _, r := range ranges {
		for data, offset := r.Data, r.Offset; len(data) > 0; {
			n := min(int64(len(data)), state.ChunkSize-offset%state.ChunkSize)
			c := offset / state.ChunkSize
			chunks[c] = append(chunks[c], state.Range{Offset: offset % state.ChunkSize, Data: data[:n]})
			data, offset = data[n:], offset+n
		}
	}
	for c, pieces := range chunks {
		length := min(state.ChunkSize, size-c*state.ChunkSize)
		if len(pieces) == 1 && int64(len(pieces[0].Data)) == length {
			if _, err := g.bus.state.Put(ctx, keyOf(k, chunkKey(c)), bytes.Clone(pieces[0].Data)); err != nil {
				return fmt.Errorf("write state %s: %w", k, err)
			}
			g.bus.passed(int(length))
			continue
		}
		if err := g.change(ctx, k, chunkKey(c), func(old []byte) []byte {
			fresh := make([]byte, length)
			copy(fresh, old)
			for _, p := range pieces {
				copy(fresh[p.Offset:], p.Data)
			}
			return fresh
		}); err != nil {
			return err
		}
	}
	if before == size {
		return nil
	}
	// Last, so that who sees the size finds the bytes.
	if _, err := g.bus.state.Put(ctx, keyOf(k, "size"), toBytes(size)); err != nil {
		return fmt.Errorf("write state %s: %w", k, err)
	}
	return nil
}

// deleteValue forgets a value, but not its list.
func (g globalState) deleteValue(ctx context.Context, k state.Key) error {
	return errors.Join(g.purge(ctx, k, "size"), g.purge(ctx, k, "c.>"))
}

func (g globalState) purge(ctx context.Context, k state.Key, rest string) error {
	s, err := g.bus.js.Stream(ctx, "KV_"+stateName)
	if err == nil {
		err = s.Purge(ctx, jetstream.WithPurgeSubject("$KV."+stateName+"."+keyOf(k, rest)))
	}
	if err != nil {
		return fmt.Errorf("delete state %s: %w", k, err)
	}
	return nil
}

// Delete implements state.Global.
func (g globalState) Delete(ctx context.Context, k state.Key) error {
	return errors.Join(g.deleteValue(ctx, k), g.ClearAppended(ctx, k))
}

// List implements state.Global.
func (g globalState) List(ctx context.Context, user string) ([]state.Key, error) {
	l, err := g.bus.state.ListKeysFiltered(ctx, encode(user)+".*.size")
	if err != nil {
		return nil, fmt.Errorf("list the state of %s: %w", user, err)
	}
	defer l.Stop()
	var keys []state.Key
	for k := range l.Keys() {
		parts := strings.Split(k, ".")
		if len(parts) != 3 {
			continue
		}
		if name, err := names.DecodeString(parts[1]); err == nil {
			keys = append(keys, state.Key{User: user, Name: string(name)})
		}
	}
	slices.SortFunc(keys, func(a, b state.Key) int { return strings.Compare(a.Name, b.Name) })
	return keys, nil
}

// Append implements state.Global.
func (g globalState) Append(ctx context.Context, k state.Key, element []byte) error {
	if len(element) > MaxMessage {
		return fmt.Errorf("append to state %s: an element has at most %d bytes", k, MaxMessage)
	}
	if _, err := g.bus.js.Publish(ctx, listSubject(k), element); err != nil {
		return fmt.Errorf("append to state %s: %w", k, err)
	}
	return nil
}

// Appended implements state.Global.
func (g globalState) Appended(ctx context.Context, k state.Key, n int) ([][]byte, error) {
	var all [][]byte
	for next := uint64(1); len(all) < n; {
		m, err := g.bus.lists.GetMsg(ctx, next, jetstream.WithGetMsgSubject(listSubject(k)))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read what was appended to state %s: %w", k, err)
		}
		all, next = append(all, m.Data), m.Sequence+1
	}
	return all, nil
}

// ClearAppended implements state.Global.
func (g globalState) ClearAppended(ctx context.Context, k state.Key) error {
	if err := g.bus.lists.Purge(ctx, jetstream.WithPurgeSubject(listSubject(k))); err != nil {
		return fmt.Errorf("clear what was appended to state %s: %w", k, err)
	}
	return nil
}

func listSubject(k state.Key) string { return listPrefix + encode(k.User) + "." + encode(k.Name) }
