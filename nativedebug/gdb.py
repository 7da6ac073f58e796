# gdb's view of guest code: pointers that can be followed, host frames folded away, and
# the commands "wasm ...". It runs inside gdb 12 or newer.
#
# A guest's pointer is a number that counts from the start of its memory. The debug
# information makes a structure WebAssemblyPtrWrapper<T> of each, so that gdb does not
# take it for an address of the host's.

import json
import re
import struct

import gdb
import gdb.FrameDecorator
import gdb.xmethod


def configure():
    for setting in (
        "breakpoint pending on",
        "print thread-events off",
        "width 0",
    ):
        gdb.execute("set " + setting, to_string=True)
    # Go's and the engine's own signals. A guest's trap is one of the others.
    gdb.execute("handle SIGURG SIGPROF SIGPIPE SIG39 nostop noprint pass", to_string=True)
    gdb.execute("handle SIGSEGV SIGILL SIGFPE SIGBUS stop print pass", to_string=True)


# Object files that the engine has announced.

known = {}  # by address and size


def in_c(expression):
    """Evaluates what the host's C has. Expressions are in the language of the frame, which may be Go."""
    language = gdb.parameter("language")
    gdb.execute("set language c", to_string=True)
    try:
        return gdb.parse_and_eval(expression)
    finally:
        gdb.execute("set language " + language, to_string=True)


def read(address, size):
    return gdb.selected_inferior().read_memory(address, size).tobytes()


def entries():
    """The addresses of the engine's list: (entry, file, size)."""
    found = []
    try:
        descriptor = int(in_c("(unsigned long)&__jit_debug_descriptor"))
        # Version and action, the entry in question and the first; an entry is next,
        # previous, file and size (gdb's JIT interface). This way, it needs no types.
        entry, = struct.unpack("<Q", read(descriptor + 16, 8))
        while entry:
            following, _, file, size = struct.unpack("<QQQQ", read(entry, 32))
            found.append((entry, file, size))
            entry = following
    except gdb.error:
        pass  # nothing runs
    return found


def modules():
    found = []
    for _, file, size in entries():
        if (file, size) not in known:
            known[file, size] = Module(read(file, size))
        found.append(known[file, size])
    return found


def module_at(pc):
    for m in modules():
        if m.text <= pc < m.end:
            return m
    return None


def guest_function(pc):
    m = module_at(pc)
    return m and m.function(pc)


# The instance that a thread runs.


def frames():
    frame = gdb.newest_frame()
    while frame is not None:
        yield frame
        try:
            frame = frame.older()
        except gdb.error:
            return


def instance():
    """The address of the instance and its module."""
    selected = gdb.selected_frame()
    order = [selected] + [f for _, f in zip(range(200), frames())]
    for frame in order:
        m = module_at(frame.pc())
        if m is None:
            continue
        try:
            value = frame.read_var("__vmctx")
            if not value.is_optimized_out:
                return int(value), m
        except (ValueError, gdb.error):
            pass
    raise gdb.GdbError("this thread runs no function compiled for debuggers, or is not in one now")


def choose():
    """Makes the guests' global variables those of the instance that the selected thread runs."""
    entry, base = 0, 0
    try:
        running = in_c("fl_running")
        if int(running):
            entry = int(running["module"]["object"])
            base = int(running["seen"]["base"]) if int(running["seen"]) else 0
    except gdb.error:
        pass  # a thread without a guest
    for e, _, _ in entries():
        have = read(e + CHOICE_AT, CHOICE.size)
        want = choice(have, base if e == entry else 0)
        if not have.startswith(want):
            gdb.selected_inferior().write_memory(e + CHOICE_AT, want)


def memory():
    """The guest's memory: its address and its size."""
    try:
        running = in_c("fl_running")
        if int(running) and int(running["seen"]):
            return int(running["seen"]["base"]), int(running["seen"]["size"])
    except gdb.error:
        pass
    at, m = instance()
    where = m.description["memory"]
    if where < 0:
        raise gdb.GdbError("the module has no memory")
    return struct.unpack("<QQ", gdb.selected_inferior().read_memory(at + where, 16).tobytes())


def host_address(pointer):
    base, size = memory()
    if pointer == 0:
        raise gdb.MemoryError("Cannot access memory at the guest's address 0x0")
    if pointer >= size:
        raise gdb.MemoryError("Cannot access memory at the guest's address 0x%x: it has 0x%x bytes" % (pointer, size))
    return base + pointer


# Pointers.


WRAPPERS = ("WebAssemblyPtrWrapper<", "WebAssemblyRefWrapper<")


def is_pointer(t):
    t = t.strip_typedefs()
    return t.code == gdb.TYPE_CODE_STRUCT and (t.tag or t.name or "").startswith(WRAPPERS)


def target_type(t):
    return t.strip_typedefs().template_argument(0)


def follow(value):
    """A guest's pointer as one of the host's."""
    return gdb.Value(host_address(int(value["__ptr"]))).cast(target_type(value.type).pointer())


def is_text(t):
    t = t.strip_typedefs()
    return t.code == gdb.TYPE_CODE_INT and t.sizeof == 1 and t.name in ("char", "unsigned char", "signed char")


def shown(t):
    """A type's name with the guest's pointers as the source has them."""
    if is_pointer(t):
        mark = "&" if t.strip_typedefs().tag.startswith(WRAPPERS[1]) else "*"
        return marked(target_type(t), mark)
    if t.code in (gdb.TYPE_CODE_PTR, gdb.TYPE_CODE_REF):
        return marked(t.target(), "*" if t.code == gdb.TYPE_CODE_PTR else "&")
    return in_source(str(t))


def marked(target, mark):
    """The name of a pointer or reference to a type."""
    if target.code == gdb.TYPE_CODE_FUNC:
        parameters = [shown(p.type) for p in target.fields()] or ["void"]
        return "%s (%s)(%s)" % (shown(target.target()), mark, ", ".join(parameters))
    name = shown(target)
    if ")(" in name:
        return name.replace(")(", mark + ")(", 1)
    return name + ("" if name[-1] in "*&" else " ") + mark


class PointerPrinter:
    def __init__(self, value):
        self.value = value

    def to_string(self):
        try:
            pointer = int(self.value["__ptr"])
        except gdb.error:
            return "<optimized out>"
        target = target_type(self.value.type)
        if target.strip_typedefs().code == gdb.TYPE_CODE_FUNC:
            return "(%s) table[%d]" % (shown(target.pointer()), pointer)
        if is_text(target):
            if pointer == 0:
                return "0x0"
            try:
                text = follow(self.value)
                limit = gdb.parameter("print elements") or 200
                return "0x%x %s" % (pointer, text.format_string(format="s", address=False, symbols=False, max_elements=limit))
            except (gdb.error, gdb.GdbError):
                return "0x%x" % pointer
        if (self.value.type.strip_typedefs().tag or "").startswith(WRAPPERS[1]):
            return "(%s) @0x%x%s" % (shown(target.reference()), pointer, self.content(target))
        return "(%s) 0x%x" % (shown(target.pointer()), pointer)

    def content(self, target):
        if target.strip_typedefs().sizeof > 64:
            return ""
        try:
            return ": " + follow(self.value).dereference().format_string(max_elements=20)
        except (gdb.error, gdb.GdbError):
            return ""


def quoted(data, length):
    """A text of which these are the first bytes."""
    return json.dumps(data.decode(errors="replace"), ensure_ascii=False) + ("..." if len(data) < length else "")


class ShortTextPrinter:
    """A string of C++'s that stands where a longer one has its pointer."""

    def __init__(self, characters, length):
        self.data = bytes(int(characters[i]) & 0xFF for i in range(length))

    def to_string(self):
        return quoted(self.data, len(self.data))


class SlicePrinter:
    """Rust's &str, String, &[T] and Vec<T>, and C++'s string and vector<T>."""

    def __init__(self, pointer, length, text):
        int(pointer["__ptr"])  # fails if it is optimized out
        self.pointer, self.length, self.text = pointer, length, text

    def to_string(self):
        if self.text:
            return self.data()
        return "len %d" % self.length

    def data(self):
        if self.length == 0:
            return '""'
        where = host_address(int(self.pointer["__ptr"]))
        most = min(self.length, gdb.parameter("print elements") or 200)
        return quoted(gdb.selected_inferior().read_memory(where, most).tobytes(), self.length)

    def children(self):
        if self.text or self.length == 0:
            return
        first = follow(self.pointer)
        limit = gdb.parameter("print elements") or 200
        for i in range(min(self.length, limit)):
            yield "[%d]" % i, (first + i).dereference()

    def display_hint(self):
        return None if self.text else "array"


def innermost_pointer(value, depth=0):
    """The pointer at the bottom of Rust's Unique, NonNull and RawVec."""
    if is_pointer(value.type):
        return value
    if depth < 6 and value.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        for field in value.type.fields():
            if field.name and not field.artificial:
                found = innermost_pointer(value[field], depth + 1)
                if found is not None:
                    return found
    return None


def rust_printer(value):
    name = value.type.strip_typedefs().name or ""
    fields = [f.name for f in value.type.strip_typedefs().fields()]
    if fields[:2] == ["data_ptr", "length"]:
        return SlicePrinter(value["data_ptr"], int(value["length"]), name in ("&str", "&mut str"))
    if name == "alloc::string::String":
        value = value["vec"]
        return SlicePrinter(innermost_pointer(value["buf"]), int(value["len"]), True)
    if name.startswith("alloc::vec::Vec<"):
        pointer = innermost_pointer(value["buf"])
        target = value.type.strip_typedefs().template_argument(0)
        return SlicePrinter(Retyped(pointer, target), int(value["len"]), False)
    return None


def library_printer(value):
    """Those of libc++: its strings and vectors, as wasi-sdk and Debian lay them out."""
    name = value.type.strip_typedefs().name or ""
    if name.startswith("std::__2::basic_string<char,"):
        form = value["__r_"]["__value_"]
        if int(form["__s"]["__is_long_"]) == 0:
            return ShortTextPrinter(form["__s"]["__data_"], int(form["__s"]["__size_"]))
        return SlicePrinter(form["__l"]["__data_"], int(form["__l"]["__size_"]), True)
    if name.startswith("std::__2::vector<") and not name.startswith("std::__2::vector<bool,"):
        first, end = value["__begin_"], value["__end_"]
        size = target_type(first.type).sizeof
        return SlicePrinter(first, (int(end["__ptr"]) - int(first["__ptr"])) // size, False)
    return None


class Retyped:
    """A pointer that is known to lead to another type than it says."""

    def __init__(self, pointer, target):
        self.pointer, self.target = pointer, target

    def __getitem__(self, name):
        return self.pointer[name]

    @property
    def type(self):
        return self

    def strip_typedefs(self):
        return self

    def template_argument(self, _):
        return self.target


def printer(value):
    t = value.type.strip_typedefs()
    if t.code != gdb.TYPE_CODE_STRUCT:
        return None
    if is_pointer(t):
        return PointerPrinter(value)
    try:
        return rust_printer(value) or library_printer(value)
    except (gdb.error, gdb.GdbError, RuntimeError, KeyError):
        return None


class Method(gdb.xmethod.XMethodWorker):
    """One of the operators of a guest's pointer."""

    def __init__(self, operator, target):
        self.operator, self.target = operator, target

    def get_arg_types(self):
        if self.operator in ("operator[]", "operator+", "operator-", "operator==", "operator!="):
            return [gdb.lookup_type("long")]
        return []

    def get_result_type(self, obj, *args):
        if self.operator in ("operator*", "operator[]"):
            return self.target
        if self.operator in ("operator==", "operator!=", "operator!"):
            return gdb.lookup_type("int")
        return self.target.pointer()

    def __call__(self, obj, *args):
        if obj.type.strip_typedefs().code == gdb.TYPE_CODE_PTR:
            obj = obj.dereference()
        pointer = int(obj["__ptr"])
        if self.operator == "operator!":
            return gdb.Value(int(pointer == 0))
        if self.operator == "operator==":
            return gdb.Value(int(pointer == int(args[0])))
        if self.operator == "operator!=":
            return gdb.Value(int(pointer != int(args[0])))
        first = follow(obj)
        if self.operator == "operator*":
            return first.dereference()
        if self.operator == "operator[]":
            return (first + int(args[0])).dereference()
        if self.operator == "operator+":
            return first + int(args[0])
        if self.operator == "operator-":
            return first - int(args[0])
        return first


class Operators(gdb.xmethod.XMethodMatcher):
    names = ("operator*", "operator->", "operator[]", "operator+", "operator-", "operator==", "operator!=", "operator!", "ptr")

    def __init__(self):
        super().__init__("faaslens")

    def match(self, class_type, method_name):
        if method_name in self.names and is_pointer(class_type):
            return [Method(method_name, target_type(class_type))]
        return None


class Host(gdb.Function):
    """$host(POINTER): a guest's pointer, or a number, as a pointer of the host's, for x and casts."""

    def __init__(self):
        super().__init__("host")

    def invoke(self, value):
        if is_pointer(value.type):
            return follow(value)
        return gdb.Value(host_address(int(value))).cast(gdb.lookup_type("char").pointer())


# Backtraces.


class Folded(gdb.FrameDecorator.FrameDecorator):
    """Stands for the frames of the host below or between those of guests."""

    def __init__(self, base, count, more):
        super().__init__(base)
        self.count, self.more = count, more

    def function(self):
        return "<the host: %d%s frames; 'wasm backtrace --all' shows them>" % (self.count, " or more" if self.more else "")

    def address(self):
        return None

    def filename(self):
        return None

    def line(self):
        return None

    def frame_args(self):
        return None

    def frame_locals(self):
        return None


ESCAPES = {"LT": "<", "GT": ">", "RF": "&", "BP": "*", "C": ",", "LP": "(", "RP": ")", "SP": "@"}
escape = re.compile(r"\$(?:u([0-9a-f]{2,4})|(%s))\$" % "|".join(ESCAPES))


def unescaped(name):
    """Rust's name of a function with what it writes for characters that linkers do not take."""
    if not escape.search(name):
        return name
    name = re.sub(r"(^|::)_(?=\$)", r"\1", name).replace("..", "::")
    return escape.sub(lambda m: chr(int(m.group(1), 16)) if m.group(1) else ESCAPES[m.group(2)], name)


class Guest(gdb.FrameDecorator.FrameDecorator):
    """A guest's frame, by its plain name."""

    def function(self):
        name = self.inferior_frame().name()
        if name and name.startswith("wasm-function["):
            _, _, number, known = guest_function(self.inferior_frame().pc())
            return known or "functionDef%d" % number
        return unescaped(name) if name else super().function()


class Fold:
    """Folds the host's frames where a stack has a guest's."""

    name, enabled, priority = "faaslens", True, 100
    most = 40  # host frames to look through for another guest; beyond Go's stacks they are not known

    def __init__(self):
        gdb.frame_filters[self.name] = self

    def filter(self, frame_iter):
        guests, folded, first = 0, 0, None
        for decorated in frame_iter:
            frame = decorated.inferior_frame()
            if guest_function(frame.pc()) is not None:
                if folded:
                    yield Folded(first, folded, False)
                guests, folded, first = guests + 1, 0, None
                yield Guest(decorated)
            elif guests == 0:
                yield decorated
            else:
                folded, first = folded + 1, first or decorated
                if folded >= self.most or frame.name() == "runtime.asmcgocall":
                    yield Folded(first, folded, folded >= self.most)
                    return
        if folded:
            yield Folded(first, folded, False)


# Traps. Wasmtime's numbers of them, as in its section .wasmtime.traps.

TRAPS = (
    "call stack exhausted",
    "memory access out of bounds",
    "unaligned atomic",
    "table access out of bounds",
    "indirect call to null",
    "indirect call with the wrong signature",
    "integer overflow",
    "integer divide by zero",
    "invalid conversion to integer",
    "unreachable executed",
)


def on_stop(event):
    choose()
    if not isinstance(event, gdb.SignalEvent) or event.stop_signal not in ("SIGSEGV", "SIGILL", "SIGFPE", "SIGBUS"):
        return
    pc = gdb.newest_frame().pc()
    m = module_at(pc)
    if m is None:
        return
    code = m.traps.get(pc - m.text)
    reason = TRAPS[code] if code is not None and code < len(TRAPS) else "no reason is noted"
    print("\nThe function traps: %s." % reason)


# Commands.


class Wasm(gdb.Command):
    """Look at WebAssembly: functions, memory, globals, and where a frame is in the module."""

    def __init__(self):
        super().__init__("wasm", gdb.COMMAND_DATA, gdb.COMPLETE_COMMAND, prefix=True)


class Functions(gdb.Command):
    """wasm functions [REGEX]: the functions, by number and name."""

    def __init__(self):
        super().__init__("wasm functions", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        try:
            pattern = re.compile(arg.strip())
        except re.error as e:
            raise gdb.GdbError("%s is no regular expression: %s" % (arg.strip(), e))
        found = modules()
        if not found:
            raise gdb.GdbError("no function compiled for debuggers is loaded")
        for m in found:
            for start, _, number, name in sorted(m.functions, key=lambda f: f[2]):
                if pattern.search(name) or pattern.search("functionDef%d" % number):
                    sal = gdb.find_pc_line(start)
                    place = " at %s:%d" % (sal.symtab.filename, sal.line) if sal.symtab else ""
                    print("functionDef%d = %s%s" % (number, name, place))


class Memory(gdb.Command):
    """wasm memory ADDR [LEN]: bytes of the guest's memory. ADDR is a number, or an expression for a number or a guest's pointer."""

    def __init__(self):
        super().__init__("wasm memory", gdb.COMMAND_DATA)

    def invoke(self, arg, from_tty):
        args = gdb.string_to_argv(arg)
        if not 1 <= len(args) <= 2:
            raise gdb.GdbError("usage: wasm memory ADDR [LEN]")
        try:
            value = gdb.parse_and_eval(args[0])
            if value.is_optimized_out:
                raise gdb.GdbError("%s is optimized out here" % args[0])
            at = int(value["__ptr"]) if is_pointer(value.type) else int(value)
            count = int(gdb.parse_and_eval(args[1])) if len(args) == 2 else 64
        except gdb.error as e:
            raise gdb.GdbError(str(e))
        base, size = memory()
        if not 0 <= at < size:
            raise gdb.GdbError("0x%x is not in the memory, which has 0x%x bytes" % (at, size))
        count = max(0, min(count, size - at))
        data = gdb.selected_inferior().read_memory(base + at, count).tobytes()
        for i in range(0, count, 16):
            row = data[i : i + 16]
            text = "".join(chr(c) if 32 <= c < 127 else "." for c in row)
            print("0x%08x  %-47s  %s" % (at + i, row.hex(" "), text))


class Globals(gdb.Command):
    """wasm globals: the instance's globals and their values."""

    def __init__(self):
        super().__init__("wasm globals", gdb.COMMAND_DATA)

    formats = {"i32": "<i", "i64": "<q", "f32": "<f", "f64": "<d"}

    def invoke(self, arg, from_tty):
        here = module_at(gdb.selected_frame().pc())
        if here and not here.description["globals"]:
            print("the module has no globals")
            return
        at, m = instance()
        for i, g in enumerate(m.description["globals"]):
            raw = gdb.selected_inferior().read_memory(at + g["offset"], 16).tobytes()
            if g["type"] in self.formats:
                value, = struct.unpack_from(self.formats[g["type"]], raw)
                text = "%d (0x%x)" % (value, value & (1 << 64) - 1 if g["type"] == "i64" else value & 0xFFFFFFFF) if g["type"][0] == "i" else repr(value)
            else:
                text = "0x" + raw[::-1].hex() if g["type"] == "v128" else "a reference"
            kind = ("mut " if g["mutable"] else "") + g["type"]
            print("global %d %s (%s) = %s" % (i, g["name"] or "-", kind, text))


class Where(gdb.Command):
    """wasm where: the selected frame's function by index and number, and its place in the module."""

    def __init__(self):
        super().__init__("wasm where", gdb.COMMAND_STACK)

    def invoke(self, arg, from_tty):
        frame = gdb.selected_frame()
        pc = frame.pc()
        # Where a frame called another, its address is behind the call.
        at = pc if frame.newer() is None else pc - 1
        m = module_at(at)
        found = m and m.function(at)
        if not found:
            raise gdb.GdbError("this frame is not a guest's")
        start, _, number, name = found
        index = number + m.imports
        print("%s: functionDef%d, function %d of the module" % (name or "-", number, index))
        position = m.position(at)
        if position is None:
            print("  wasm    no instruction: code that the engine puts before the function's own")
        else:
            body = m.description["bodies"][number]
            print("  wasm    0x%x in the module, 0x%x in its code section, +0x%x in the function" % (position, position - m.description["code"], position - body))
        print("  native  0x%x, +0x%x in the function" % (at, at - start))
        sal = gdb.find_pc_line(at)
        if sal.symtab and sal.line:
            print("  source  %s:%d" % (sal.symtab.filename, sal.line))


class Backtrace(gdb.Command):
    """wasm backtrace [--all]: the stack with the host's frames folded; --all shows them."""

    def __init__(self):
        super().__init__("wasm backtrace", gdb.COMMAND_STACK)

    def invoke(self, arg, from_tty):
        gdb.execute("backtrace -no-filters" if arg.strip() == "--all" else "backtrace " + arg)


class GuestBreakpoint(gdb.Breakpoint):
    """Stops in guests only: the host has functions of the same names."""

    def stop(self):
        return guest_function(gdb.newest_frame().pc()) is not None


class Break(gdb.Command):
    """wasm break PLACE: like break, but stops in guests only."""

    def __init__(self):
        super().__init__("wasm break", gdb.COMMAND_BREAKPOINTS, gdb.COMPLETE_LOCATION)

    def invoke(self, arg, from_tty):
        if " if " in arg:  # gdb has one condition for a breakpoint
            gdb.execute("break " + arg)
        else:
            GuestBreakpoint(arg)


class Attached(gdb.Command):
    """wasm attached [or quit]: after attaching, select a thread that runs a guest, or say why there is none."""

    def __init__(self):
        super().__init__("wasm attached", gdb.COMMAND_RUNNING)

    def invoke(self, arg, from_tty):
        if gdb.selected_inferior().pid == 0:
            print("gdb could not attach; 'faaslens doctor' says what the kernel allows.")
            if arg == "or quit":
                gdb.execute("quit 1")
            return
        if not modules():
            print("This process runs ordinary code, of which gdb sees no guest function. Start it anew")
            print("with 'faaslens run --native-debug', or with FAASLENS_NATIVE_DEBUG=on in its environment.")
            if arg == "or quit":
                gdb.execute("detach", to_string=True)
                gdb.execute("quit 1")
            return
        before = gdb.selected_thread()
        for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
            thread.switch()
            for depth, frame in zip(range(30), frames()):
                if guest_function(frame.pc()) is not None:
                    frame.select()
                    print("Thread %d runs a function:" % thread.num)
                    gdb.execute("frame")
                    return
        before.switch()
        print("No thread is in a function now. Set breakpoints and continue.")


configure()
gdb.pretty_printers.insert(0, printer)
gdb.xmethod.register_xmethod_matcher(None, Operators(), replace=True)
gdb.events.stop.connect(on_stop)
# 'thread' selects one, and 'thread apply' one for each command.
for hook in ("hookpost-thread", "thread hookpost-apply", "hook-print", "hook-watch"):
    gdb.execute("define %s\npython choose()\nend" % hook)
for command in (Wasm, Functions, Memory, Globals, Where, Backtrace, Break, Attached, Host, Fold):
    command()
