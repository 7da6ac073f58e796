package wasi

import (
	"hash/fnv"
	"unicode/utf8"

	"github.com/faaslens/faaslens/hostcall"
)

// elsewhere is an entry of a shared directory that only other hosts have.
type elsewhere struct {
	name string
	kind filetype
}

// firstElsewhere is the cookie of the first of them; the host's own end before.
const firstElsewhere = 1 << 63

// lookElsewhere finds out what they are.
func (d *descriptor) lookElsewhere(c *hostcall.Call) Errno {
	ctx := c.Guest.Context()
	files, dirs, err := d.shared.Elsewhere(ctx, d.sharedName("."))
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return EINTR
	default:
		return sharedErrno(err)
	}
	d.elsewhere = make([]elsewhere, 0, len(files)+len(dirs))
	for _, name := range dirs {
		d.elsewhere = append(d.elsewhere, elsewhere{name, typeDirectory})
	}
	for _, name := range files {
		d.elsewhere = append(d.elsewhere, elsewhere{name, typeRegularFile})
	}
	return SUCCESS
}

// addElsewhere writes such entries, from one on, until there are no more or the buffer is
// full. Their numbers are not zero: wasi-libc would ask for those, and have the file fetched.
func (l *lister) addElsewhere(all []elsewhere, from uint64) {
	for i := from; i < uint64(len(all)) && !l.full(); i++ {
		if !utf8.ValidString(all[i].name) {
			continue
		}
		h := fnv.New64a()
		h.Write([]byte(all[i].name))
		l.put(firstElsewhere+i+1, h.Sum64()|1, all[i].kind, all[i].name)
	}
}
