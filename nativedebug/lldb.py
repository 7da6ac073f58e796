# lldb's view of guest code: the guest's pointers, its traps, and the commands "wasm ...".
# It runs inside lldb 19 or newer.
#
# A guest's pointer is a number that counts from the start of its memory. The debug
# information makes a structure WebAssemblyPtrWrapper<T> of each, so that lldb does not
# take it for an address of the host's.

import json
import re
import shlex
import struct

import lldb


class Problem(Exception):
    pass


known = {}  # by address and size


def read(process, address, size):
    error = lldb.SBError()
    data = process.ReadMemory(address, size, error)
    if error.Fail():
        raise Problem(error.GetCString())
    return data


def modules(target):
    found, process = [], target.process
    for context in target.FindSymbols("__jit_debug_descriptor", lldb.eSymbolTypeData):
        address = context.symbol.GetStartAddress().GetLoadAddress(target)
        if address == lldb.LLDB_INVALID_ADDRESS or not process.IsValid():
            continue
        # The descriptor is version and action, the entry in question and the first; an
        # entry is next, previous, file and size (gdb's JIT interface).
        entry, = struct.unpack("<Q", read(process, address + 16, 8))
        while entry:
            following, _, file, size = struct.unpack("<QQQQ", read(process, entry, 32))
            if (process.id, file, size) not in known:
                known[process.id, file, size] = Module(read(process, file, size))
            module = known[process.id, file, size]
            module.entry = entry
            found.append(module)
            entry = following
    return found


def module_at(target, pc):
    for m in modules(target):
        if m.text <= pc < m.end:
            return m
    return None


def is_guest(frame):
    m = module_at(frame.thread.process.target, frame.GetPC())
    return m is not None and m.function(frame.GetPC()) is not None


def instance(frame):
    """The address of the instance that a thread runs, and its module."""
    for f in [frame] + list(frame.thread.frames):
        m = module_at(frame.thread.process.target, f.GetPC())
        value = f.FindVariable("__vmctx") if m else None
        if value is not None and value.IsValid() and value.GetError().Success() and value.GetValueAsUnsigned():
            return value.GetValueAsUnsigned(), m
    raise Problem("this thread runs no function compiled for debuggers, or its instance is optimized out here")


invocations = {}  # the addresses of those that threads run, by where the process stopped and thread


def running(frame):
    """The invocation that a thread runs (fl_invocation); None if it runs none."""
    process = frame.thread.process
    key = process.GetUniqueID(), process.GetStopID(), frame.thread.id
    if key not in invocations:
        for old in [k for k in invocations if k[:2] != key[:2]]:
            del invocations[old]
        invocations[key] = find_running(frame)
    if not invocations[key]:
        return None
    target = process.target
    return target.CreateValueFromAddress("invocation", lldb.SBAddress(invocations[key], target), target.FindFirstType("fl_invocation"))


def find_running(frame):
    """The address of a thread's invocation; 0 if it runs none.

    lldb ends itself at a command that runs within the same one: the first to ask is Stop."""
    target, answer = frame.thread.process.target, lldb.SBCommandReturnObject()
    if not any(is_guest(f) for f in list(frame.thread.frames)[:50]):
        return 0
    # No other way of lldb's reads a variable of a thread's.
    target.debugger.GetCommandInterpreter().HandleCommand("target variable fl_running", lldb.SBExecutionContext(frame), answer)
    found = re.search(r"\(fl_invocation \*\) \S+ = 0x([0-9a-f]+)", answer.GetOutput() or "")
    return int(found.group(1), 16) if found else 0


def memory(frame):
    """The guest's memory: its address and its size."""
    invocation = running(frame)
    if invocation is not None and invocation.GetChildMemberWithName("seen").GetValueAsUnsigned():
        seen = invocation.GetChildMemberWithName("seen").Dereference()
        return tuple(seen.GetChildMemberWithName(name).GetValueAsUnsigned() for name in ("base", "size"))
    at, m = instance(frame)
    where = m.description["memory"]
    if where < 0:
        raise Problem("the module has no memory")
    return struct.unpack("<QQ", read(frame.thread.process, at + where, 16))


def choose(frame, this=True):
    """Makes the guests' global variables those of the instance that a frame's thread runs, or of none in particular."""
    process = frame.thread.process
    entry, base = 0, 0
    invocation = running(frame) if this else None
    if invocation is not None:
        entry = invocation.GetValueForExpressionPath(".module->object").GetValueAsUnsigned()
        base = invocation.GetValueForExpressionPath(".seen->base").GetValueAsUnsigned()
    for m in modules(process.target):
        have = read(process, m.entry + CHOICE_AT, CHOICE.size)
        want = choice(have, base if m.entry == entry else 0)
        if not have.startswith(want):
            process.WriteMemory(m.entry + CHOICE_AT, want, lldb.SBError())


STOPS = (lldb.eStopReasonBreakpoint, lldb.eStopReasonWatchpoint, lldb.eStopReasonSignal, lldb.eStopReasonException, lldb.eStopReasonPlanComplete)


class Stop:
    def __init__(self, target, args, internal):
        pass

    def handle_stop(self, context, stream):
        # It is called for each thread that stopped, before lldb has selected one of them: where
        # several have, none is meant.
        stopped = [t for t in context.process if t.GetStopReason() in STOPS]
        if context.frame.IsValid() and modules(context.target):
            choose(context.frame, len(stopped) == 1 and stopped[0].idx == context.thread.idx)
        return True


def frame_at(value):
    frame = value.GetFrame()
    return frame if frame.IsValid() else value.GetProcess().GetSelectedThread().GetSelectedFrame()


def pointer_of(value):
    raw = value.GetNonSyntheticValue().GetChildMemberWithName("__ptr")
    return raw.GetValueAsUnsigned() if raw.IsValid() and raw.GetError().Success() else None


def target_type(value):
    return value.GetType().GetCanonicalType().GetTemplateArgumentType(0)


def pointer_summary(value, _):
    pointer = pointer_of(value)
    if pointer is None:
        return "<variable not available>"
    kind = target_type(value)
    if not kind.IsValid():
        # "WebAssemblyPtrWrapper<" and ">" around it
        name = value.GetTypeName()[22:-1]
    else:
        name = kind.GetName()
    reference = value.GetTypeName().startswith("WebAssemblyRef")
    text = in_source("(%s %s) 0x%x" % (in_source(name), "&" if reference else "*", pointer))
    if pointer and name.replace("const ", "") in ("char", "unsigned char", "signed char"):
        try:
            base, size = memory(frame_at(value))
            raw = read(value.GetProcess(), base + pointer, min(200, size - pointer))
            text = "0x%x %s" % (pointer, json.dumps(raw.split(b"\0")[0].decode(errors="replace"), ensure_ascii=False))
        except Problem:
            pass
    return text


class PointerChildren:
    """What a pointer leads to, as its child "*"."""

    def __init__(self, value, _):
        self.value, self.child = value, None

    def update(self):
        self.child = None
        pointer, kind = pointer_of(self.value), target_type(self.value)
        if not pointer or not kind.IsValid() or kind.GetByteSize() == 0:
            return False
        try:
            base, size = memory(frame_at(self.value))
        except Problem:
            return False
        if pointer < size:
            address = lldb.SBAddress(base + pointer, self.value.GetTarget())
            self.child = self.value.GetTarget().CreateValueFromAddress("*", address, kind)
        return False

    def num_children(self):
        return 1 if self.child is not None and self.child.IsValid() else 0

    def has_children(self):
        return True

    def get_child_index(self, name):
        if name in ("*", "$$dereference$$"):
            return 0
        return -1

    def get_child_at_index(self, _):
        return self.child


def text_summary(value, _):
    """A string of libc++'s."""
    form = value.GetNonSyntheticValue().GetChildMemberWithName("__r_").GetChildAtIndex(0).GetChildMemberWithName("__value_")
    short, long = form.GetChildMemberWithName("__s"), form.GetChildMemberWithName("__l")
    if not short.IsValid() or short.GetError().Fail():
        return "<variable not available>"
    if short.GetChildMemberWithName("__is_long_").GetValueAsUnsigned() == 0:
        size, most = short.GetChildMemberWithName("__size_").GetValueAsUnsigned(), 10
        raw = bytes(short.GetChildMemberWithName("__data_").GetData().uint8[:size])
    else:
        size, most = long.GetChildMemberWithName("__size_").GetValueAsUnsigned(), 200
        try:
            base, _ = memory(frame_at(value))
            raw = read(value.GetProcess(), base + pointer_of(long.GetChildMemberWithName("__data_")), min(size, most))
        except Problem as e:
            return "<%s>" % e
    return json.dumps(raw.decode(errors="replace"), ensure_ascii=False) + ("..." if size > most else "")


class VectorChildren:
    """The elements of a vector of libc++'s."""

    def __init__(self, value, _):
        self.value, self.size = value.GetNonSyntheticValue(), 0

    def update(self):
        self.size = 0
        first, end = (self.value.GetChildMemberWithName(name) for name in ("__begin_", "__end_"))
        self.first, last, self.kind = pointer_of(first), pointer_of(end), target_type(first)
        if not self.first or last is None or not self.kind.IsValid() or not self.kind.GetByteSize():
            return False
        try:
            self.base, most = memory(frame_at(self.value))
        except Problem:
            return False
        if self.first <= last <= most:
            self.size = (last - self.first) // self.kind.GetByteSize()
        return False

    def num_children(self):
        return self.size

    def has_children(self):
        return True

    def get_child_index(self, name):
        return int(name.strip("[]")) if re.fullmatch(r"\[\d+\]", name) else -1

    def get_child_at_index(self, i):
        if not 0 <= i < self.size:
            return None
        at = self.base + self.first + i * self.kind.GetByteSize()
        target = self.value.GetTarget()
        return target.CreateValueFromAddress("[%d]" % i, lldb.SBAddress(at, target), self.kind)


def vector_summary(value, _):
    """A vector's size: of what is optimized out, nothing is known."""
    raw = value.GetNonSyntheticValue()
    first, end = (pointer_of(raw.GetChildMemberWithName(name)) for name in ("__begin_", "__end_"))
    kind = target_type(raw.GetChildMemberWithName("__begin_"))
    if first is None or end is None or not kind.GetByteSize():
        return "<variable not available>"
    return "size=%d" % ((end - first) // kind.GetByteSize())


# Commands.


def command(function):
    """Gives a command's function the selected frame, and prints its problems."""

    def run(debugger, args, context, result, internal):
        try:
            function(context, shlex.split(args), result)
        except Problem as problem:
            result.SetError(str(problem))
        except (ValueError, re.error) as error:
            result.SetError(str(error))

    run.__name__ = function.__name__
    run.__doc__ = function.__doc__
    return run


def frame_of(context):
    if not context.frame.IsValid():
        raise Problem("nothing runs")
    choose(context.frame)
    return context.frame


@command
def functions(context, args, result):
    """The functions, by number and name: wasm functions [REGEX]"""
    pattern = re.compile(args[0] if args else "")
    found = modules(context.target)
    if not found:
        raise Problem("no function compiled for debuggers is loaded")
    for m in found:
        for start, _, number, name in sorted(m.functions, key=lambda f: f[2]):
            if pattern.search(name) or pattern.search("functionDef%d" % number):
                entry = context.target.ResolveLoadAddress(start).GetLineEntry()
                place = " at %s:%d" % (entry.GetFileSpec().fullpath, entry.GetLine()) if entry.IsValid() else ""
                result.AppendMessage("functionDef%d = %s%s" % (number, name, place))


@command
def where(context, args, result):
    """The selected frame's function by index and number, and its place in the module: wasm where"""
    frame = frame_of(context)
    pc = frame.GetPC() - (1 if frame.GetFrameID() else 0)
    m = module_at(context.target, pc)
    found = m and m.function(pc)
    if not found:
        raise Problem("this frame is not a guest's")
    start, _, number, name = found
    result.AppendMessage("%s: functionDef%d, function %d of the module" % (name or "-", number, number + m.imports))
    position = m.position(pc)
    if position is None:
        result.AppendMessage("  wasm    no instruction: code that the engine puts before the function's own")
    else:
        d = m.description
        result.AppendMessage("  wasm    0x%x in the module, 0x%x in its code section, +0x%x in the function" % (position, position - d["code"], position - d["bodies"][number]))
    result.AppendMessage("  native  0x%x, +0x%x in the function" % (pc, pc - start))
    entry = frame.GetLineEntry()
    if entry.IsValid():
        result.AppendMessage("  source  %s:%d" % (entry.GetFileSpec().fullpath, entry.GetLine()))


@command
def show_globals(context, args, result):
    """The instance's globals and their values: wasm globals"""
    frame = frame_of(context)
    here = module_at(frame.thread.process.target, frame.GetPC())
    if here and not here.description["globals"]:
        result.AppendMessage("the module has no globals")
        return
    at, m = instance(frame)
    formats = {"i32": "<i", "i64": "<q", "f32": "<f", "f64": "<d"}
    for i, g in enumerate(m.description["globals"]):
        raw = read(context.process, at + g["offset"], 16)
        if g["type"] in formats:
            value, = struct.unpack_from(formats[g["type"]], raw)
            mask = (1 << 64) - 1 if g["type"] == "i64" else (1 << 32) - 1
            text = "%d (0x%x)" % (value, value & mask) if g["type"][0] == "i" else repr(value)
        else:
            text = "0x" + raw[::-1].hex() if g["type"] == "v128" else "a reference"
        kind = ("mut " if g["mutable"] else "") + g["type"]
        result.AppendMessage("global %d %s (%s) = %s" % (i, g["name"] or "-", kind, text))


@command
def show_memory(context, args, result):
    """Bytes of the guest's memory: wasm memory ADDR [LEN]; ADDR is a number or a variable's name"""
    if not 1 <= len(args) <= 2:
        raise Problem("usage: wasm memory ADDR [LEN]")
    frame = frame_of(context)
    variable = frame.GetValueForVariablePath(args[0])
    if variable.IsValid() and variable.GetError().Success():
        at = pointer_of(variable)
        at = variable.GetValueAsUnsigned() if at is None else at
    else:
        at = int(args[0], 0)
    base, size = memory(frame)
    if not 0 <= at < size:
        raise Problem("0x%x is not in the memory, which has 0x%x bytes" % (at, size))
    count = max(1, min(int(args[1], 0) if len(args) == 2 else 64, size - at))
    data = read(context.process, base + at, count)
    for i in range(0, count, 16):
        row = data[i : i + 16]
        text = "".join(chr(c) if 32 <= c < 127 else "." for c in row)
        result.AppendMessage("0x%08x  %-47s  %s" % (at + i, row.hex(" "), text))


def plain(frame):
    """A function's name without its parameters."""
    name = frame.GetDisplayFunctionName() or "0x%x" % frame.GetPC()
    return re.sub(r"\((?!anonymous).*$", "", name.removeprefix("::")) if is_guest(frame) else name


@command
def backtrace(context, args, result):
    """The stack with the host's frames folded: wasm backtrace [--all]"""
    frame = frame_of(context)
    shown, folded, guests = [], 0, 0
    frames = list(frame.thread.frames)
    everything = args == ["--all"] or not any(is_guest(f) for f in frames)
    for f in frames:
        if everything or is_guest(f) or not guests:
            guests += is_guest(f)
            entry = f.GetLineEntry()
            place = " at %s:%d" % (entry.GetFileSpec().fullpath, entry.GetLine()) if entry.IsValid() else ""
            shown.append("#%-2d %s%s" % (f.GetFrameID(), plain(f), place))
        else:
            folded += 1
    if folded:
        shown.append("#%-2d <the host: %d frames; 'wasm backtrace --all' shows them>" % (len(frames) - folded, folded))
    for line in shown:
        result.AppendMessage(line)


def in_guest(frame, _location, _extra, _):
    """Whether a breakpoint of 'wasm break' stops: the host has functions of the same names."""
    return is_guest(frame)


@command
def break_at(context, args, result):
    """Like b, but stops in guests only: wasm break PLACE"""
    answer = lldb.SBCommandReturnObject()
    context.target.debugger.GetCommandInterpreter().HandleCommand("b " + " ".join(args), answer)
    if not answer.Succeeded():
        raise Problem(answer.GetError().strip())
    result.AppendMessage(answer.GetOutput().rstrip())
    context.target.GetBreakpointAtIndex(context.target.GetNumBreakpoints() - 1).SetScriptCallbackFunction("faaslens_lldb.in_guest")


@command
def attached(context, args, result):
    """After attaching, select a thread that runs a guest, or say why there is none: wasm attached [or quit]"""
    if not modules(context.target):
        result.AppendMessage(
            "This process runs ordinary code, of which lldb sees no guest function. Start it anew\n"
            "with 'faaslens run --native-debug', or with FAASLENS_NATIVE_DEBUG=on in its environment."
        )
        if args == ["or", "quit"]:
            context.process.Detach()
            context.target.debugger.HandleCommand("quit 1")
        return
    for thread in context.process:
        for f in list(thread.frames)[:30]:
            if is_guest(f):
                context.process.SetSelectedThread(thread)
                thread.SetSelectedFrame(f.GetFrameID())
                choose(f)
                result.AppendMessage("Thread %d runs a function: %s" % (thread.GetIndexID(), f))
                return
    result.AppendMessage("No thread is in a function now. Set breakpoints and continue.")


def __lldb_init_module(debugger, _):
    for line in (
        "settings set plugin.jit-loader.gdb.enable on",
        # Go's and the engine's own signals. A guest's trap is one of the others.
        "process handle SIGURG SIGPROF SIGPIPE SIGRTMIN+5 --stop false --notify false --pass true",
        "command container add -h 'Look at WebAssembly: functions, memory, globals, stacks.' wasm",
        "command script add -o -f faaslens_lldb.functions wasm functions",
        "command script add -o -f faaslens_lldb.where wasm where",
        "command script add -o -f faaslens_lldb.show_globals wasm globals",
        "command script add -o -f faaslens_lldb.show_memory wasm memory",
        "command script add -o -f faaslens_lldb.backtrace wasm backtrace",
        "command script add -o -f faaslens_lldb.attached wasm attached",
        "command script add -o -f faaslens_lldb.break_at wasm break",
        "target stop-hook add -P faaslens_lldb.Stop",
        # lldb's own views of libc++ take a guest's pointers for the host's: a unique_ptr is null.
        "type category disable -l c++",
        "type summary add -x '^WebAssembly(Ptr|Ref)Wrapper<.*>$' -F faaslens_lldb.pointer_summary",
        "type synthetic add -x '^WebAssembly(Ptr|Ref)Wrapper<.*>$' -l faaslens_lldb.PointerChildren",
        "type summary add -x '^std::__2::basic_string<char,.*>$' -F faaslens_lldb.text_summary",
        "type summary add -e -x '^std::__2::vector<[^b].*>$' -F faaslens_lldb.vector_summary",
        "type synthetic add -x '^std::__2::vector<[^b].*>$' -l faaslens_lldb.VectorChildren",
    ):
        answer = lldb.SBCommandReturnObject()
        debugger.GetCommandInterpreter().HandleCommand(line, answer)
        if not answer.Succeeded():
            print("faaslens: %s: %s" % (line, answer.GetError()))
