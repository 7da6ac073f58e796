// Makes calls of node's WASI for a test, one JSON line each way: {call, args, mem}
// with bytes to place in memory first; the answer is {errno} and the extents asked
// for with out.
import { WASI } from 'node:wasi';
import readline from 'node:readline';

const wasi = new WASI({ version: 'preview1', args: ['prog'], preopens: { '/d': process.argv[2] } });
const module = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, 5, 3, 1, 0, 16, 7, 10, 1, 6, 109, 101, 109, 111, 114, 121, 2, 0]);
const instance = new WebAssembly.Instance(new WebAssembly.Module(module));
wasi.initialize(instance);
const memory = new Uint8Array(instance.exports.memory.buffer);

for await (const line of readline.createInterface({ input: process.stdin })) {
  const { call, args, mem, out } = JSON.parse(line);
  for (const [at, hex] of mem ?? []) memory.set(Buffer.from(hex, 'hex'), at);
  const errno = wasi.wasiImport[call](...args.map((a) => (typeof a === 'string' ? BigInt(a) : a)));
  const got = (out ?? []).map(([at, n]) => Buffer.from(memory.slice(at, at + n)).toString('hex'));
  process.stdout.write(JSON.stringify({ errno, out: got }) + '\n');
}
