// Draws docs/tail.svg, the picture on the front page, from a run: what is shown is what the commands printed. Call it
// when their output has changed: node scripts/picture.mjs
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { freePort } from './free-port.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const port = await freePort();
const directory = mkdtempSync(join(tmpdir(), 'roomcast-picture-'));
const env = {
  ...process.env,
  DATA_DIR: directory,
  PORT: String(port),
  LOG_LEVEL: 'silent',
  npm_config_loglevel: 'error',
};

const LINE = 19;
const CHARACTER = 7.25;
const COLUMNS = 132;
const colours = { prompt: '#7ee787', note: '#ffa657', offset: '#79c0ff', dim: '#8b949e', plain: '#e6edf3' };

/** What happens on the other terminal, one line each, in the order of the picture. */
const typed = [];

function start(command) {
  // A group of its own: npx does not hand on the signals that it gets.
  const child = spawn('bash', ['-c', `exec ${command}`], { cwd: root, env, detached: true });
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => lines.push(...text.trimEnd().split('\n')));
  }
  return { child, lines, exited: once(child, 'exit') };
}

async function until(condition) {
  for (let turns = 0; !(await condition()); turns += 1) {
    if (turns > 600) throw new Error('it takes too long');
    await pause(100);
  }
}

const ready = () =>
  fetch(`http://127.0.0.1:${port}/ready`).then(
    ({ ok }) => ok,
    () => false,
  );

async function serve() {
  const server = start('npm start');
  await until(ready);
  typed.push({ command: 'npm start' }, { output: server.lines.find((line) => line.startsWith('roomcast listens')) });
  return server;
}

async function emit(matched) {
  const data = JSON.stringify({ project_id: '42', operation: 'matching', result: { matched } });
  const command = `npx roomcast emit operation.completed '${data}'`;
  const { lines, exited } = start(command);
  await exited;
  typed.push({ command }, { output: lines.join(' ') });
}

async function play() {
  let server = await serve();
  const tail = start('npx roomcast tail project:42 --after 0');
  try {
    await until(() => tail.lines.length === 1);
    await emit(7);
    await emit(11);
    await until(() => tail.lines.length === 3);
    const { pid } = JSON.parse(readFileSync(join(directory, 'roomcast.lock'), 'utf8'));
    process.kill(pid, 'SIGKILL');
    await server.exited;
    typed.push({ command: `kill -9 ${pid}` });
    await until(() => tail.lines.length === 4);
    server = await serve();
    await emit(12);
    await until(() => tail.lines.length === 6);
  } finally {
    for (const { child, exited } of [tail, server]) {
      process.kill(-child.pid);
      await exited;
    }
  }
  return tail.lines;
}

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const clipped = (text) => (text.length > COLUMNS ? `${text.slice(0, COLUMNS - 1)}…` : text);

function text(x, y, colour, content) {
  return `<text x="${x}" y="${y}" fill="${colours[colour]}" xml:space="preserve">${escaped(content)}</text>`;
}

function typedLine({ command, output }, y) {
  if (command === undefined) return text(24, y, 'dim', clipped(output));
  return text(24, y, 'prompt', '$') + text(24 + 2 * CHARACTER, y, 'plain', clipped(command));
}

/** Columns stand where a terminal's tabs would put them, or wider. */
function tailLine(line, y) {
  const fields = line.split('\t');
  if (fields.length < 4) return text(24, y, 'note', line);
  const [offset, time, event, data] = fields;
  const places = [0, 4, 30, 52].map((column) => 24 + column * CHARACTER);
  const drawn = [
    [offset, 'offset'],
    [time, 'dim'],
    [event, 'prompt'],
    [data, 'plain'],
  ];
  return drawn.map(([content, colour], index) => text(places[index], y, colour, content)).join('');
}

function terminal(title, lines, top) {
  const height = (lines.length + 1) * LINE + 34;
  const width = COLUMNS * CHARACTER + 48;
  const body = lines.map((draw, index) => draw(top + 54 + index * LINE)).join('\n');
  const frame = `<rect x="0" y="${top}" width="${width}" height="${height}" rx="8" fill="#0d1117"/>`;
  const dots = [16, 34, 52].map((x) => `<circle cx="${x}" cy="${top + 16}" r="5" fill="#30363d"/>`).join('');
  return { drawn: [frame, dots, text(74, top + 20, 'dim', title), body].join('\n'), height, width };
}

await build();
try {
  const tailed = await play();
  const above = terminal(
    'one terminal',
    typed.map((line) => (y) => typedLine(line, y)),
    0,
  );
  const command = { command: 'npx roomcast tail project:42 --after 0' };
  const lines = [(y) => typedLine(command, y), ...tailed.map((line) => (y) => tailLine(line, y))];
  const below = terminal('another terminal', lines, above.height + 12);
  const [width, height] = [Math.ceil(above.width), above.height + 12 + below.height];
  const font =
    'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace" font-size="12"';
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ${font}>
${above.drawn}
${below.drawn}
</svg>
`;
  writeFileSync(join(root, 'docs', 'tail.svg'), svg);
} finally {
  rmSync(directory, { recursive: true });
}
