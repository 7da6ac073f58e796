package listing

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// Count is how many samples a profile has of some code.
type Count struct {
	Self  int64 // in the code itself
	Total int64 // and in what it called
}

// Samples are a profile's samples of one module's compiled code.
type Samples struct {
	Type, Unit string // of the values: "samples" and "count"
	Total      int64  // of the whole profile
	hits       []hit  // by offset
}

// hit is one place of one sample.
type hit struct {
	offset uintptr // in the image
	sample int
	value  int64
	leaf   bool
}

// maxProfile bounds an unpacked profile, in bytes.
const maxProfile = 1 << 30

// mappingPrefix is before USER/FUNCTION in the file name of a mapping of compiled code.
const mappingPrefix = "wasm:"

// ReadSamples reads a profile in pprof's format (github.com/google/pprof, proto/
// profile.proto), packed or not. Its samples of a function's compiled code have
// locations in a mapping whose file is "wasm:USER/FUNCTION" and whose start is the
// address of the image's first byte. A mapping with another build id than that given is
// an error; one without any fits.
func ReadSamples(r io.Reader, function, buildID string) (*Samples, error) {
	b, err := unpack(r)
	if err != nil {
		return nil, fmt.Errorf("read the profile: %w", err)
	}
	p, err := profile.ParseUncompressed(b)
	if err == nil {
		err = p.CheckValid()
	}
	if err != nil {
		return nil, fmt.Errorf("read the profile: %w: it must be one in pprof's format", err)
	}
	value := valueOf(p)
	if value < 0 {
		return nil, fmt.Errorf("read the profile: its samples have no values")
	}
	s := &Samples{Type: p.SampleType[value].Type, Unit: p.SampleType[value].Unit}
	for i, sample := range p.Sample {
		s.Total += sample.Value[value]
		for k, l := range sample.Location {
			m := l.Mapping
			if m == nil || m.File != mappingPrefix+function || l.Address < m.Start || l.Address >= m.Limit {
				continue
			}
			if m.BuildID != "" && m.BuildID != buildID {
				return nil, fmt.Errorf("read the profile: it is of another build of %s: record one anew", function)
			}
			s.hits = append(s.hits, hit{uintptr(l.Address - m.Start), i, sample.Value[value], k == 0})
		}
	}
	if len(s.hits) == 0 {
		return nil, fmt.Errorf("read the profile: it has no samples of %s%s", function, others(p))
	}
	slices.SortFunc(s.hits, func(a, b hit) int { return cmp.Compare(a.offset, b.offset) })
	return s, nil
}

// unpack reads all of r, and unpacks what gzip has packed.
func unpack(r io.Reader) ([]byte, error) {
	limited := func(r io.Reader) ([]byte, error) {
		b, err := io.ReadAll(io.LimitReader(r, maxProfile+1))
		if err == nil && len(b) > maxProfile {
			err = fmt.Errorf("it is larger than %d bytes", maxProfile)
		}
		return b, err
	}
	b, err := limited(r)
	if err != nil || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return limited(z)
}

// valueOf is which of a sample's values is shown: how many samples it stands for, or
// else what the profile shows by default; -1 if there is none.
func valueOf(p *profile.Profile) int {
	for _, name := range []string{"samples", p.DefaultSampleType} {
		for i, t := range p.SampleType {
			if t.Type == name {
				return i
			}
		}
	}
	return len(p.SampleType) - 1
}

// others says which functions a profile has samples of.
func others(p *profile.Profile) string {
	var names []string
	for _, m := range p.Mapping {
		if name, ok := strings.CutPrefix(m.File, mappingPrefix); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ", nor of any other function"
	}
	slices.Sort(names)
	return ", but of " + strings.Join(names[:min(len(names), 5)], ", ")
}

// count returns the samples in some pieces of code, which do not overlap. A sample with
// several calls there counts once.
func (s *Samples) count(spans []span) Count {
	var c Count
	var seen map[int]bool
	for _, in := range spans {
		k, _ := slices.BinarySearchFunc(s.hits, in.start, func(h hit, at uintptr) int { return cmp.Compare(h.offset, at) })
		for ; k < len(s.hits) && s.hits[k].offset < in.end; k++ {
			h := s.hits[k]
			if h.leaf {
				c.Self += h.value
			}
			if seen == nil {
				seen = make(map[int]bool)
			}
			if !seen[h.sample] {
				seen[h.sample] = true
				c.Total += h.value
			}
		}
	}
	return c
}
