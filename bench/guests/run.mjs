// Runs a WASI module under node: node run.mjs FILE.wasm [ARGUMENT...]
//
// GUEST_DIR, when set, is a directory of the host that the guest sees as "/".
import { readFile } from 'node:fs/promises';
import { argv, env, exit } from 'node:process';
import { WASI } from 'node:wasi';

const [file, ...args] = argv.slice(2);
const wasi = new WASI({
  version: 'preview1',
  args: [file, ...args],
  env: {},
  preopens: env.GUEST_DIR ? { '/': env.GUEST_DIR } : {},
  returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(file));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
exit(wasi.start(instance));
