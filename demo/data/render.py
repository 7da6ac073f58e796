#!/usr/bin/env python3
"""Renders lake.png: an evening sky, mountain ridges and their reflection.

python3 demo/data/render.py demo/data/lake.png

Everything comes from value noise with a fixed seed, so that the same picture
comes out each time.
"""
import math
import struct
import sys
import zlib

WIDTH, HEIGHT, HORIZON = 640, 512, 320


def lattice(x, y, seed):
    """A number from 0 to 1 that depends on nothing but its arguments."""
    h = (x * 374761393 + y * 668265263 + seed * 2147483647) & 0xFFFFFFFF
    h = ((h ^ h >> 13) * 1274126177) & 0xFFFFFFFF
    return ((h ^ h >> 16) & 0xFFFF) / 65535


def noise(x, y, seed):
    ix, iy = math.floor(x), math.floor(y)
    fx, fy = x - ix, y - iy
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    a = lattice(ix, iy, seed) * (1 - fx) + lattice(ix + 1, iy, seed) * fx
    b = lattice(ix, iy + 1, seed) * (1 - fx) + lattice(ix + 1, iy + 1, seed) * fx
    return a * (1 - fy) + b * fy


def clouds(x, y, seed, octaves):
    total = weight = 0
    for i in range(octaves):
        total += noise(x * 2**i, y * 2**i, seed + i) / 2**i
        weight += 1 / 2**i
    return total / weight


def mix(a, b, t):
    return tuple(p + (q - p) * t for p, q in zip(a, b))


def sky(x, y):
    t = y / HORIZON
    color = mix((24, 32, 84), (250, 150, 84), t * t)
    wisps = clouds(x / 150, y / 36, 7, 4)
    color = mix(color, (255, 206, 172), max(0, wisps - 0.5) * 1.6 * t)
    sun = math.hypot(x - 430, y - 250)
    color = mix(color, (255, 246, 214), max(0, 1 - sun / 30) ** 0.4 if sun < 30 else 0.75 * math.exp(-(sun - 30) / 70))
    if y < 170 and lattice(x, y, 99) > 0.9985:
        color = mix(color, (255, 255, 255), 0.8 * (1 - y / 170))
    return color


RIDGES = [
    (190, 120, 110, 11, (116, 92, 130)),
    (235, 80, 80, 23, (74, 62, 100)),
    (275, 50, 50, 37, (38, 36, 62)),
]


def land(x, y):
    color = sky(x, y)
    for base, height, width, seed, tint in RIDGES:
        top = base + height * (0.5 - clouds(x / width, 0.5, seed, 6))
        if y >= top:
            rock = clouds(x / 14, (y - 0.4 * x) / 9, seed + 50, 3)
            color = mix(tint, (250, 180, 140), 0.18 * rock + 0.1 * max(0, 1 - (y - top) / 25))
    return color


def water(x, y):
    depth = (y - HORIZON) / (HEIGHT - HORIZON)
    ripple = clouds(x / (10 + 50 * depth), y / (1.5 + 7 * depth), 71, 3) - 0.5
    mirrored = land(min(WIDTH - 1, max(0, int(x + 22 * ripple * (0.3 + depth)))), max(0, int(2 * HORIZON - y + 14 * ripple)))
    return mix(mirrored, (14, 26, 52), 0.25 + 0.4 * depth)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def main():
    rows = bytearray()
    for y in range(HEIGHT):
        row = bytearray()
        for x in range(WIDTH):
            color = land(x, y) if y < HORIZON else water(x, y)
            row += bytes(min(255, max(0, round(c))) for c in color)
        # Filter type 1: the difference to the pixel on the left.
        rows += b"\x01" + bytes((row[i] - (row[i - 3] if i >= 3 else 0)) & 255 for i in range(len(row)))
    png = b"\x89PNG\r\n\x1a\n"
    png += chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0))
    png += chunk(b"IDAT", zlib.compress(bytes(rows), 9)) + chunk(b"IEND", b"")
    with open(sys.argv[1], "wb") as out:
        out.write(png)


main()
