// `npm run bench`: all benchmarks, or the ones named: `npm run bench -- fan-out append`.
import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const ALL = ['fan-out', 'append', 'latency', 'connect', 'native', 'presence', 'github', 'chat', 'agents'];
const asked = process.argv.slice(2);
const unknown = asked.find((name) => !ALL.includes(name));
if (unknown) {
  console.error(`There is no benchmark "${unknown}"; there are ${ALL.join(', ')}.`);
  process.exit(2);
}
console.log(
  `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}; server and load each on a core of its own.`,
);
for (const name of asked.length > 0 ? asked : ALL) {
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
