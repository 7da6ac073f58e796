package export

import (
	"fmt"
	"hash/fnv"
	"math"
)

// colour is a colour in sRGB.
type colour struct{ r, g, b uint8 }

func (c colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.r, c.g, c.b) }

// mix returns the colour that is part of the way from c to d.
func (c colour) mix(d colour, part float64) colour {
	one := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*part + 0.5) }
	return colour{one(c.r, d.r), one(c.g, d.g), one(c.b, d.b)}
}

// ink is the colour of the text on functions' boxes, on every screen.
func ink() colour { return colour{0x10, 0x14, 0x18} }

// kindColour returns the colour of the functions of a kind. Each is light enough for ink
// and told from the others by people who see fewer colours, too.
func kindColour(k Kind) colour {
	switch k {
	case Host:
		return colour{0x8f, 0xb8, 0xf0}
	case Guest:
		return colour{0x6f, 0xcf, 0x7f}
	case Library:
		return colour{0xd8, 0xd9, 0x6a}
	case HostCall:
		return colour{0xd2, 0xa8, 0xee}
	case Kernel:
		return colour{0xf5, 0xa6, 0x6b}
	}
	return colour{0xb8, 0xbe, 0xc4}
}

// shades is how many variants a kind's colour has, so that boxes that touch differ.
const shades = 3

// functionColour returns the colour of a function: a shade of its kind's.
func functionColour(f function) colour {
	h := fnv.New32a()
	h.Write([]byte(f.name))
	return shade(kindColour(f.kind), int(h.Sum32()%shades))
}

func shade(c colour, n int) colour {
	return c.mix(colour{0xff, 0xff, 0xff}, 0.14*float64(n))
}

func rootColour() colour { return colour{0xd5, 0xda, 0xdf} }

// What a search found, and what it did not.
func hitColour() colour  { return colour{0xf5, 0x8a, 0xf0} }
func missColour() colour { return colour{0xdd, 0xe0, 0xe3} }

// The ends of what a difference is coloured with, and its middle.
func moreColour() colour { return colour{0xf0, 0x6a, 0x5f} }
func lessColour() colour { return colour{0x6c, 0x9d, 0xf2} }
func sameColour() colour { return colour{0xec, 0xec, 0xec} }

// diffColour returns the colour of a call of a difference: red for more than in the base,
// blue for less. The more of the call it is, the stronger, by its square root, so that a
// tenth can be seen.
func diffColour(value, base int64) colour {
	sum := float64(value) + float64(base)
	if sum <= 0 {
		return sameColour()
	}
	d := (float64(value) - float64(base)) / sum
	end := moreColour()
	if d < 0 {
		end = lessColour()
	}
	return sameColour().mix(end, math.Sqrt(math.Abs(d)))
}
