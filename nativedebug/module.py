# What guest code looks like to both debuggers: the object file that the engine announces.
# It stands before gdb's view of it or lldb's, in one file.

import bisect
import json
import re
import struct


# What the engine keeps behind an entry of gdb's list (jit.h): the memory from which global
# variables are found, whether an extension has chosen it, and the sum of the memories of
# all instances that run, and their number.
CHOICE = struct.Struct("<QQQQ")
CHOICE_AT = 32
UNKNOWN = 1 << 63


def choice(data, base):
    """The first two of them, for a thread that runs an instance with that memory, or none."""
    _, _, bases, running = CHOICE.unpack(data)
    if base:
        return struct.pack("<QQ", base, 1)
    return struct.pack("<QQ", bases if running == 1 else UNKNOWN, 0)


wrapped = re.compile(r"WebAssembly(Ptr|Ref)Wrapper<((?:[^<>]|<[^<>]*>)*?) ?>")


def in_source(name):
    """A type's name with the guest's pointers as the source has them."""
    while wrapped.search(name):
        name = wrapped.sub(lambda m: m.group(2) + (" *" if m.group(1) == "Ptr" else " &"), name)
    return re.sub(r"\b__\b", "??", name).replace("* *", "**")


class Module:
    """The object file of a module's code (package symfile) in the process's memory."""

    def __init__(self, data):
        self.sections = dict(self.read_sections(data))
        text_address, text = self.sections[".text"]
        self.text, self.end = text_address, text_address + len(text)
        self.description = json.loads(self.sections[".faaslens.module"][1].decode())
        self.imports = len(self.description["imports"])
        self.functions = sorted(self.read_functions())
        self.starts = [f[0] for f in self.functions]
        self.offsets, self.positions = self.read_map()
        self.traps = self.read_traps()

    @staticmethod
    def read_sections(data):
        shoff, = struct.unpack_from("<Q", data, 40)
        count, names = struct.unpack_from("<HH", data, 60)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, shoff + 64 * i) for i in range(count)]
        for name, _, _, address, offset, size, _, _, _, _ in headers:
            start = headers[names][4] + name
            title = data[start : data.index(b"\0", start)].decode()
            yield title, (address, data[offset : offset + size])

    def read_functions(self):
        """(start, end, number among those that the module defines, name)"""
        symbols, names = self.sections[".symtab"][1], self.sections[".strtab"][1]
        found = {}
        for at in range(24, len(symbols), 24):
            name, _, _, _, value, size = struct.unpack_from("<IBBHQQ", symbols, at)
            text = names[name : names.index(b"\0", name)].decode(errors="replace")
            m = re.fullmatch(r"functionDef(\d+)", text)
            if m:
                found[value] = (value, value + size, int(m.group(1)), "")
            elif value in found:
                found[value] = found[value][:3] + (text,)
        return found.values()

    def read_map(self):
        b = self.sections[".wasmtime.addrmap"][1]
        n, = struct.unpack_from("<I", b)
        return struct.unpack_from("<%dI" % n, b, 4), struct.unpack_from("<%dI" % n, b, 4 + 4 * n)

    def read_traps(self):
        b = self.sections[".wasmtime.traps"][1]
        n, = struct.unpack_from("<I", b)
        offsets = struct.unpack_from("<%dI" % n, b, 4)
        return dict(zip(offsets, b[4 + 4 * n : 4 + 5 * n]))

    def function(self, pc):
        i = bisect.bisect_right(self.starts, pc) - 1
        return self.functions[i] if i >= 0 and pc < self.functions[i][1] else None

    def position(self, pc):
        """The place in the module's file of the instruction that code comes from."""
        i = bisect.bisect_right(self.offsets, pc - self.text) - 1
        if i < 0 or self.positions[i] == 0xFFFFFFFF:
            return None
        return self.positions[i]


