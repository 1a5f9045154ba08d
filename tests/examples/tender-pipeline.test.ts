// The tender: made from the PDF that it ships while people watch, cancelled, and killed in the middle and taken up again.
import { inflateRawSync } from 'node:zlib';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ensureInstalled } from '../../scripts/install.mjs';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, type Heard, type PlainClient } from '../support/plain-client.js';
import { startProgram, type Program } from '../support/program.js';

const folder = join(dirname(fileURLToPath(import.meta.url)), '../../examples/tender-pipeline');
const ENDS = ['workflow.completed', 'workflow.failed', 'workflow.cancelled'];

let database: TestDatabase;
let data: string;
let running: Program;
let url: string;

async function start(): Promise<void> {
  const env = {
    ...database.env,
    DATA_DIR: data,
    PORT: '0',
    TENDER_PAUSE_MS: '60',
    JWT_SECRET: 'the secret of a test and of nothing else',
  };
  running = startProgram(process.execPath, [join(folder, 'server.mjs')], { env });
  await eventually(() => running.printed().some((line) => line.startsWith('listening on ')), { withinMs: 60_000 });
  url = running
    .printed()
    .find((line) => line.startsWith('listening on '))!
    .slice('listening on '.length);
}

async function watch(): Promise<PlainClient> {
  const { token } = (await (await fetch(`${url}/token`)).json()) as { token: string };
  return connectPlainClient(url, { token });
}

beforeAll(async () => {
  ensureInstalled(folder, { dev: true });
  database = await testDatabase();
  data = await mkdtemp(join(tmpdir(), 'roomcast-tender-'));
  await start();
}, 180_000);
afterAll(async () => {
  await running.stop();
  await database.drop();
  await rm(data, { recursive: true, force: true });
});

const begin = async (body?: Uint8Array<ArrayBuffer>) => {
  const headers = { 'content-type': 'application/pdf' };
  const answer = await fetch(`${url}/tenders`, { method: 'POST', ...(body ? { body, headers } : {}) });
  return (await answer.json()) as { id: string };
};
const of = (heard: readonly Heard[], name: string) => heard.filter(({ event }) => event === name);

/** The XML of what stands in a Word document: found by the directory at the end of the archive. */
function wordsOf(docx: Buffer): string {
  const entry = docx.lastIndexOf('word/document.xml') - 46;
  const at = docx.readUInt32LE(entry + 42);
  const data = at + 30 + docx.readUInt16LE(at + 26) + docx.readUInt16LE(at + 28);
  return inflateRawSync(docx.subarray(data, data + docx.readUInt32LE(entry + 20))).toString();
}

it('makes a Word document of the PDF, killed in the middle or not, in four operations that everybody can watch', async () => {
  const before = await watch();
  await before.subscribe('project:tender');
  const { id } = await begin();
  await eventually(() => expect(of(before.heard, 'generation.progress').length).toBeGreaterThan(1), {
    withinMs: 30_000,
  });
  const seen = { offset: before.facts().at(-1)!.offset! };
  before.close();
  await running.stop('SIGKILL');
  await start();

  const after = await watch();
  await after.subscribe('project:tender', { ...seen, state: true });
  const ended = () => [...before.heard, ...after.heard].filter(({ event }) => ENDS.includes(event));
  await eventually(() => expect(ended()).toHaveLength(1), { withinMs: 60_000 });
  expect(ended()[0]).toMatchObject({ event: 'workflow.completed', data: { workflow_id: id, result: { sections: 6 } } });
  const told = [...before.heard, ...after.heard];
  for (const operation of ['rc_analysis', 'matching', 'generation', 'document_generation']) {
    expect(of(told, 'operation.completed').filter((event) => event.data.operation === operation)).toHaveLength(1);
  }
  const sections = of(told, 'generation.progress').map((event) => event.data.sections_completed);
  expect(sections).toEqual([...sections].sort((a, b) => Number(a) - Number(b)));
  const document = await fetch(`${url}/tenders/${id}`);
  const bytes = Buffer.from(await document.arrayBuffer());
  expect([document.status, bytes.subarray(0, 2).toString()]).toEqual([200, 'PK']);
  // Whole sentences: a number with a point in it ends none.
  expect(wordsOf(bytes)).toContain('>They are encrypted in transit (TLS 1.3) and at rest (AES-256)');
  expect(wordsOf(bytes)).toContain('the platform was available 99.95 per cent of the time.');
  after.close();
});

it('is cancelled by whoever watches, and a file that is no call for tenders is told as what it is', async () => {
  const client = await watch();
  await client.subscribe('project:tender');
  const { id } = await begin();
  await eventually(() => expect(of(client.heard, 'matching.progress').length).toBeGreaterThan(0));
  await fetch(`${url}/tenders/${id}/cancel`, { method: 'POST' });
  await eventually(() => expect(of(client.heard, 'workflow.cancelled')).toMatchObject([{ data: { workflow_id: id } }]));
  expect((await fetch(`${url}/tenders/${id}`)).status).toBe(404);
  await begin(new TextEncoder().encode('not a PDF'));
  await eventually(() =>
    expect(of(client.heard, 'operation.failed').map(({ data: { operation, error } }) => [operation, error])).toEqual([
      ['matching', expect.stringContaining('aborted')],
      ['rc_analysis', 'This file is not a PDF.'],
    ]),
  );
  await eventually(() => expect(of(client.heard, 'workflow.failed')).toHaveLength(1));
  client.close();
});

it('ships the PDF that its script makes', async () => {
  const shipped = await readFile(join(folder, 'tender.pdf'));
  const script = startProgram(process.execPath, [join(folder, 'make-tender.mjs')], {});
  expect(await script.ended).toBe(0);
  expect(await readFile(join(folder, 'tender.pdf'))).toEqual(shipped);
});
