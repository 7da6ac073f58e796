// A host for one function, for tests: node's WASI and Faasm's calls in memory.
// Usage: node host.mjs MODULE.wasm ROOT INPUT-IN-HEX
// Prints, after the function's own output, one line of JSON: {"exit":N,"output":S}, or
// {"error":S} if it did not return or exit.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WASI } from "node:wasi";

const [, , path, root, input] = process.argv;
const module = new WebAssembly.Module(readFileSync(path));
const state = new Map(); // key → Uint8Array
const appended = new Map(); // key → array of Uint8Array
const objects = new Map(); // S3: bucket/key → Uint8Array
const results = []; // of chained calls

// call runs the module, or one of its functions by table index, in an instance of its own.
function call(functionIndex, inputBytes) {
  let exports, outcome;
  let output = new Uint8Array();
  const wasi = new WASI({ version: "preview1", args: ["function.wasm"], preopens: { "/": root }, returnOnExit: true,
    env: { MKL_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1", PYTHON_PATH: "/", PYTHONHOME: "/", PYTHONHASHSEED: "0",
      PYTHONNOUSERSITE: "on", PYTHONWASM: "1" } });
  const bytes = (at, n) => new Uint8Array(exports.memory.buffer, at, n);
  const copy = (at, n) => bytes(at, n).slice();
  const text = (at) => {
    const all = new Uint8Array(exports.memory.buffer);
    return new TextDecoder().decode(all.slice(at, all.indexOf(0, at)));
  };
  const put = (at, data, n = data.length) => bytes(at, n).set(data.subarray(0, n));
  const word = (at, value) => new DataView(exports.memory.buffer).setInt32(at, value, true);
  const string = (at, s) => put(at, new TextEncoder().encode(s + "\0"));
  const allocated = (data) => { const at = exports.malloc(data.length || 1); put(at, data); return at; };
  const grow = (n) => exports.memory.grow(Math.ceil(n / 65536)) * 65536;
  const value = (key, n) => {
    const k = text(key);
    if (!state.has(k)) state.set(k, new Uint8Array(n));
    return state.get(k);
  };
  const mappings = []; // of state into memory: written back when flagged
  const map = (key, total, off, n) => {
    const found = mappings.find((m) => m.key === text(key) && m.off === off && m.n === n);
    if (found) return found.at;
    const at = grow(n);
    put(at, value(key, total).subarray(off, off + n));
    mappings.push({ key: text(key), off, n, at });
    return at;
  };
  const unmapped = (key) => {
    for (const m of mappings) if (m.key === text(key)) state.get(m.key).set(copy(m.at, m.n), m.off);
  };
  const chain = (result) => results.push(result) - 1;
  const keys = (prefix) => [...objects.keys()].filter((k) => k.startsWith(prefix)).map((k) => k.slice(k.indexOf("/") + 1));
  const list = (names, at, lengths) => names.forEach((name, i) => {
    const data = new TextEncoder().encode(name);
    word(at + 4 * i, allocated(data));
    word(lengths + 4 * i, data.length);
  });
  const ignore = () => {};
  const env = {
    __faasm_read_input: (at, n) => (n === 0 ? inputBytes.length : (put(at, inputBytes, Math.min(n, inputBytes.length)), Math.min(n, inputBytes.length))),
    __faasm_write_output: (at, n) => { output = copy(at, n); },
    __faasm_chain_name: (name, at, n) => chain({ exit: 0, output: new TextEncoder().encode(text(name)), input: copy(at, n) }),
    __faasm_chain_ptr: (index, at, n) => chain(call(index, copy(at, n))),
    __faasm_chain_py: (name) => chain({ exit: 0, output: new TextEncoder().encode(text(name)) }),
    __faasm_await_call: (id) => results[id].exit,
    __faasm_await_call_output: (id, at, length) => {
      word(at, allocated(results[id].output));
      word(length, results[id].output.length);
      return results[id].exit;
    },
    __faasm_read_state: (key, at, n) => {
      if (n === 0) return state.get(text(key))?.length ?? 0;
      put(at, value(key, n), n);
      return n;
    },
    __faasm_read_state_ptr: (key, total) => map(key, total, 0, total),
    __faasm_read_state_offset: (key, total, off, at, n) => put(at, value(key, total).subarray(off, off + n)),
    __faasm_read_state_offset_ptr: map,
    __faasm_write_state: (key, at, n) => { state.set(text(key), copy(at, n)); },
    __faasm_write_state_offset: (key, total, off, at, n) => value(key, total).set(copy(at, n), off),
    __faasm_write_state_from_file: (key, file) => {
      state.set(text(key), new Uint8Array(readFileSync(join(root, text(file)))));
      return state.get(text(key)).length;
    },
    __faasm_append_state: (key, at, n) => { appended.set(text(key), [...(appended.get(text(key)) ?? []), copy(at, n)]); },
    __faasm_read_appended_state: (key, at, n, count) => put(at, Buffer.concat(appended.get(text(key)).slice(0, count)), n),
    __faasm_clear_appended_state: (key) => { appended.delete(text(key)); },
    __faasm_flag_state_dirty: unmapped, __faasm_flag_state_offset_dirty: unmapped,
    __faasm_push_state: ignore, __faasm_push_state_partial: unmapped, __faasm_push_state_partial_mask: ignore,
    __faasm_pull_state: ignore,
    __faasm_lock_state_read: ignore, __faasm_unlock_state_read: ignore,
    __faasm_lock_state_write: ignore, __faasm_unlock_state_write: ignore,
    __faasm_get_py_user: (at) => string(at, "user"), __faasm_get_py_func: (at) => string(at, "func"),
    __faasm_get_py_entry: (at) => string(at, "entry"),
    __faasm_conf_flag: (key) => (text(key) === "ALWAYS_ON" ? 1 : 0),
    __faasm_backtrace: ignore, __faasm_migrate_point: ignore,
    __faasm_host_interface_test: (n) => { throw new Error("host interface test " + n); },
    __faasm_sm_reduce: ignore, __faasm_sm_array: ignore, __faasm_sm_raw: ignore, __faasm_sm_var: ignore,
    __faasm_sm_default_shared: ignore, __faasm_sm_critical_local: ignore, __faasm_sm_critical_local_end: ignore,
    __faasm_s3_get_num_buckets: () => 1,
    __faasm_s3_list_buckets: (at, lengths) => list(["bucket"], at, lengths),
    __faasm_s3_get_num_keys: (bucket) => keys(text(bucket) + "/").length,
    __faasm_s3_get_num_keys_with_prefix: (bucket, prefix) => keys(text(bucket) + "/" + text(prefix)).length,
    __faasm_s3_list_keys: (bucket, at, lengths) => list(keys(text(bucket) + "/"), at, lengths),
    __faasm_s3_list_keys_with_prefix: (bucket, prefix, at, lengths) => list(keys(text(bucket) + "/" + text(prefix)), at, lengths),
    __faasm_s3_add_key_bytes: (bucket, key, at, n) => { objects.set(text(bucket) + "/" + text(key), copy(at, n)); return 0; },
    __faasm_s3_get_key_bytes: (bucket, key, at, length) => {
      const data = objects.get(text(bucket) + "/" + text(key));
      word(at, allocated(data));
      word(length, data.length);
      return 0;
    },
    mmap: (hint, n, prot, flags, fd) => {
      const at = grow(n);
      if (fd >= 0) put(at, new Uint8Array(readFileSync(join(root, "mmap.txt"))), n);
      return at;
    },
    munmap: () => 0,
    __sbrk: (n) => (n === 0 ? exports.memory.buffer.byteLength : grow(n)),
  };
  const imports = Object.fromEntries(WebAssembly.Module.imports(module).filter((i) => i.module === "env").map((i) => [i.name, env[i.name] ?? (() => { throw new Error("env." + i.name + " is not provided"); })]));
  exports = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.wasiImport, env: imports }).exports;
  const start = () => {
    exports.__wasm_call_ctors();
    const zygote = exports._faasm_zygote?.() ?? 0;
    if (zygote !== 0) throw new Error("zygote returned " + zygote);
    if (functionIndex === undefined) exports._start();
    else outcome = exports.__indirect_function_table.get(functionIndex)();
    exports.__wasm_call_dtors?.(); // flushes: these streams are no terminals
  };
  const code = wasi.start({ exports: { memory: exports.memory, _start: start } });
  return { exit: outcome ?? code ?? 0, output };
}

let line;
try {
  const result = call(undefined, new Uint8Array(Buffer.from(input, "hex")));
  line = { exit: result.exit, output: new TextDecoder().decode(result.output) };
} catch (e) {
  line = { error: String(e) };
}
console.log("\n" + JSON.stringify(line));
