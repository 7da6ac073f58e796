// Package demo_test checks the demo program against the standard library's PNG
// codec. The package has no code of its own.
package demo_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The program's exit codes, as its usage lists them.
const (
	damaged     = 3
	unsupported = 4
)

// buildImgsmith compiles the program natively and returns its path.
func buildImgsmith(t *testing.T) string {
	t.Helper()
	sources, err := filepath.Glob("imgsmith/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatalf("find the sources: %v, %v", sources, err)
	}
	binary := filepath.Join(t.TempDir(), "imgsmith")
	flags := []string{"-std=gnu17", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Wconversion", "-Werror"}
	args := append(append(flags, sources...), "-lm", "-o", binary)
	if out, err := exec.Command("clang-19", args...).CombinedOutput(); err != nil {
		t.Fatalf("compile imgsmith: %v (apt-get install clang-19 if it is missing)\n%s", err, out)
	}
	return binary
}

// imgsmith runs the program on standard streams.
func imgsmith(t *testing.T, binary string, input []byte, args ...string) (output []byte, said string, code int) {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("run imgsmith: %v", err)
	}
	return out.Bytes(), errs.String(), cmd.ProcessState.ExitCode()
}

// paint fills a picture with a gradient under noise, so that every row filter and
// both literals and matches are used.
func paint(set func(x, y int, c color.Color), size image.Point, opaque func(x, y int) uint16) {
	random := rand.New(rand.NewPCG(1, 2))
	for y := range size.Y {
		for x := range size.X {
			c := color.NRGBA64{R: uint16(x * 900), G: uint16(y * 700), B: uint16(x * y * 5), A: opaque(x, y)}
			if x/8%3 == 0 {
				c.R ^= uint16(random.Uint32())
			}
			set(x, y, c)
		}
	}
}

func solid(int, int) uint16  { return 0xffff }
func fading(x, y int) uint16 { return uint16(x*512 + y*256) }
func encode(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryKindOfPictureComesOutAsItWentIn(t *testing.T) {
	binary := buildImgsmith(t)
	size := image.Pt(71, 53)
	bounds := image.Rectangle{Max: size}
	gray, gray16 := image.NewGray(bounds), image.NewGray16(bounds)
	rgb, rgba, rgb16 := image.NewRGBA(bounds), image.NewNRGBA(bounds), image.NewNRGBA64(bounds)
	paint(gray.Set, size, solid)
	paint(gray16.Set, size, solid)
	paint(rgb.Set, size, solid)
	paint(rgba.Set, size, fading)
	paint(rgb16.Set, size, fading)
	palettes := map[string]int{"1 bit": 2, "2 bits": 4, "4 bits": 16, "8 bits": 200}
	pictures := map[string]image.Image{
		"8-bit gray": gray, "16-bit gray": gray16, "8-bit colour": rgb, "8-bit colour with alpha": rgba, "16-bit colour with alpha": rgb16,
	}
	for name, n := range palettes {
		p := image.NewPaletted(bounds, nil)
		for i := range n {
			p.Palette = append(p.Palette, color.NRGBA{uint8(i * 37), uint8(i * 11), uint8(255 - i), 255})
		}
		paint(func(x, y int, _ color.Color) { p.SetColorIndex(x, y, uint8((x*x+y)%n)) }, size, solid)
		pictures["palette of "+name] = p
	}
	for name, m := range pictures {
		t.Run(name, func(t *testing.T) {
			for _, level := range []string{"-1", "-6", "-9"} {
				out, said, code := imgsmith(t, binary, encode(t, m), level)
				if code != 0 {
					t.Fatalf("exit code %d: %s", code, said)
				}
				got, err := png.Decode(bytes.NewReader(out))
				if err != nil {
					t.Fatalf("the standard library does not accept the output: %v", err)
				}
				sameTo8Bits(t, m, got)
			}
		})
	}
}

// sameTo8Bits compares pictures whose samples may have been rounded to 8 bits.
func sameTo8Bits(t *testing.T, want, got image.Image) {
	t.Helper()
	if want.Bounds() != got.Bounds() {
		t.Fatalf("bounds %v, want %v", got.Bounds(), want.Bounds())
	}
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			w := color.NRGBA64Model.Convert(want.At(x, y)).(color.NRGBA64)
			g := color.NRGBA64Model.Convert(got.At(x, y)).(color.NRGBA64)
			if w.A>>8 == 0 && g.A>>8 == 0 {
				continue
			}
			// The nearest 8-bit value is at most half a step of 257 away; converting
			// through premultiplied colour costs the reader of faint pixels more.
			tolerance := 130 + 70*0xffff/(int(w.A)+1)
			for i, pair := range [][2]uint16{{w.R, g.R}, {w.G, g.G}, {w.B, g.B}, {w.A, g.A}} {
				if d := int(pair[0]) - int(pair[1]); d > tolerance || d < -tolerance {
					t.Fatalf("pixel %d,%d channel %d: %d, want %d", x, y, i, pair[1], pair[0])
				}
			}
		}
	}
}

func TestStagesDoWhatTheyAreCalled(t *testing.T) {
	binary := buildImgsmith(t)
	lake, err := os.ReadFile("data/lake.png")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		stages []string
		check  func(*testing.T, image.Image)
	}{
		{"resizing to a width keeps the proportions", []string{"resize=320x0"}, func(t *testing.T, m image.Image) {
			if got, want := m.Bounds().Size(), image.Pt(320, 256); got != want {
				t.Errorf("size %v, want %v", got, want)
			}
		}},
		{"stages apply in their order", []string{"resize=64x64", "resize=10x20"}, func(t *testing.T, m image.Image) {
			if got, want := m.Bounds().Size(), image.Pt(10, 20); got != want {
				t.Errorf("size %v, want %v", got, want)
			}
		}},
		{"gray leaves one channel", []string{"gray"}, func(t *testing.T, m image.Image) {
			if _, ok := m.(*image.Gray); !ok {
				t.Errorf("decoded as %T, want *image.Gray", m)
			}
		}},
		{"a blur takes differences between neighbours away", []string{"gray", "blur=8"}, func(t *testing.T, m image.Image) {
			if got := roughness(m); got > 2 {
				t.Errorf("neighbours differ by %.2f, want at most 2", got)
			}
		}},
		{"equalizing uses the whole range", []string{"gray", "equalize"}, func(t *testing.T, m image.Image) {
			if lo, hi, mean := levels(m); lo > 2 || hi < 253 || mean < 115 || mean > 140 {
				t.Errorf("levels from %d to %d, mean %.0f: want 0 to 255 around 127", lo, hi, mean)
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, said, code := imgsmith(t, binary, lake, append([]string{"-1"}, tt.stages...)...)
			if code != 0 {
				t.Fatalf("exit code %d: %s", code, said)
			}
			m, err := png.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			tt.check(t, m)
		})
	}
}

// roughness is the mean difference between horizontal neighbours.
func roughness(m image.Image) float64 {
	size := m.Bounds().Size()
	sum := 0
	for y := range size.Y {
		for x := 1; x < size.X; x++ {
			d := int(grayAt(m, x, y)) - int(grayAt(m, x-1, y))
			sum += max(d, -d)
		}
	}
	return float64(sum) / float64(size.Y*(size.X-1))
}

func levels(m image.Image) (lo, hi uint8, mean float64) {
	size := m.Bounds().Size()
	lo = 255
	sum := 0
	for y := range size.Y {
		for x := range size.X {
			g := grayAt(m, x, y)
			lo, hi, sum = min(lo, g), max(hi, g), sum+int(g)
		}
	}
	return lo, hi, float64(sum) / float64(size.X*size.Y)
}

func grayAt(m image.Image, x, y int) uint8 { return color.GrayModel.Convert(m.At(x, y)).(color.Gray).Y }

// Damage behind mended checksums reaches the depths of the decompressor.
func TestDamagedFilesAreRefusedInPlainWords(t *testing.T) {
	binary := buildImgsmith(t)
	m := image.NewNRGBA(image.Rect(0, 0, 40, 30))
	paint(m.Set, image.Pt(40, 30), fading)
	good := encode(t, m)
	whole, _, _ := imgsmith(t, binary, good, "-q", "gray")
	random := rand.New(rand.NewPCG(3, 4))
	refused := 0
	for range 300 {
		bad := bytes.Clone(good)
		switch random.IntN(3) {
		case 0:
			bad = bad[:random.IntN(len(bad))]
		case 1:
			bad[random.IntN(len(bad))] ^= byte(1 + random.IntN(255))
		case 2: // inside the compressed data, with the checksums made right
			bad[60+random.IntN(len(bad)-80)] ^= byte(1 + random.IntN(255))
			mendChecksums(bad)
		}
		out, said, code := imgsmith(t, binary, bad, "-q", "gray")
		if code == 0 && bytes.Equal(out, whole) {
			continue // a bit that means nothing, such as padding before a stored block
		}
		refused++
		if code != damaged && code != unsupported || !strings.HasPrefix(said, "imgsmith: ") || len(out) != 0 {
			t.Fatalf("exit code %d, said %q, wrote %d bytes: want code %d or %d and a message alone; input % x", code, said, len(out), damaged, unsupported, bad)
		}
	}
	if refused < 290 {
		t.Errorf("%d of 300 damaged files were refused: want nearly all", refused)
	}
}

func mendChecksums(file []byte) {
	for at := 8; at+12 <= len(file); {
		size := int(binary.BigEndian.Uint32(file[at:]))
		if size > len(file)-at-12 {
			return
		}
		binary.BigEndian.PutUint32(file[at+8+size:], crc32.ChecksumIEEE(file[at+4:at+8+size]))
		at += size + 12
	}
}

func TestMisuseSaysWhatIsWanted(t *testing.T) {
	binary := buildImgsmith(t)
	tests := []struct{ name, arg, want string }{
		{"an unknown stage", "sharpn", "want resize"},
		{"a stage without its value", "blur", "needs a value"},
		{"a value that is no number", "blur=much", "cannot read value 1"},
		{"a value out of range", "blur=1000", "from 0.1 to 100"},
		{"no side to resize to", "resize=0x0", "one of the sides"},
		{"an unknown option", "-x", "imgsmith -h"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, said, code := imgsmith(t, binary, nil, tt.arg)
			if code != 2 || !strings.Contains(said, tt.want) {
				t.Errorf("exit code %d, said %q: want code 2 and %q", code, said, tt.want)
			}
		})
	}
}
