// A page where a tender is made before everybody's eyes: node server.mjs. It can be cancelled from any page, and killed.
import { randomBytes, randomUUID } from 'node:crypto';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRoomcast, signToken } from '@roomcast/server';
import express from 'express';
import { fillLibrary } from './content-library.mjs';
import { fileOf, tenderWorkflow } from './pipeline.mjs';
import { writer } from './writer.mjs';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const { DATA_DIR = '.data', TENDER_PAUSE_MS = '400', JWT_SECRET = randomBytes(32).toString('hex') } = process.env;
const folder = join(DATA_DIR, 'tenders');
const PROJECT = 'tender';

const tender = tenderWorkflow({
  folder,
  pauseMs: Number(TENDER_PAUSE_MS),
  dataSource: () => roomcast.dataSource,
  write: sectionOf,
});
const roomcast = await createRoomcast({
  settings: { ...process.env, DATA_DIR, JWT_SECRET },
  workflows: [tender],
  // With a model, the general agent writes in the writer's place.
  agents: process.env.AI_MODEL ? [] : [writer],
});
await fillLibrary(roomcast.dataSource);

/** An agent's words on a requirement, in the light of what was written before. */
async function sectionOf({ id, title, text }, passages, signal) {
  const said = (sender_name, content, role = 'user') => ({
    id: `${id}-${sender_name}`,
    sender_id: 'library',
    sender_name,
    role,
    content,
    created_at: new Date().toISOString(),
  });
  const question = {
    tenant: 'default',
    room: `project:${PROJECT}`,
    agent_id: writer.id,
    history: passages.map((passage) => said(passage.title, passage.body)),
    message: said('tender', `Write the section “${title}” of a tender. The requirement: ${text}`),
    instructions: ['Use what the passages before say, and nothing else. Write for the town that reads it.'],
    signal,
  };
  let answer = '';
  for await (const piece of roomcast.agentOf(writer.id).respond(question)) answer += piece;
  return answer;
}

const app = express();
app.use(express.static(here('page')));
// Whoever opens the page is a visitor: an application of your own knows who its users are.
app.get('/token', (_req, res) => {
  const visitor = { user: `visitor-${randomUUID()}`, ttlSeconds: 3600 };
  res.json({ token: signToken(JWT_SECRET, roomcast.config.jwt, visitor) });
});
app.post('/tenders', express.raw({ type: 'application/pdf', limit: '10mb' }), async (req, res) => {
  const id = randomUUID();
  await mkdir(folder, { recursive: true });
  if (Buffer.isBuffer(req.body) && req.body.length > 0) await writeFile(fileOf(folder, id, 'pdf'), req.body);
  else await copyFile(here('tender.pdf'), fileOf(folder, id, 'pdf'));
  res.status(202).json(await roomcast.workflows.start(tender, { call: id }, { id, projectId: PROJECT }));
});
app.post('/tenders/:id/cancel', async (req, res) =>
  res.status(202).json(await roomcast.workflows.cancel(req.params.id)),
);
app.get('/tenders/:id', (req, res) => {
  if (!/^[\w-]{1,64}$/.test(req.params.id)) return res.status(404).end();
  res.download(`${req.params.id}.docx`, 'tender.docx', { root: resolve(folder) }, (error) => {
    if (error && !res.headersSent) res.status(404).end();
  });
});
app.use(roomcast.router);

const server = createServer(app);
await roomcast.attach(server);
const { host, port } = roomcast.config;
server.listen(port, host, () => console.log(`listening on http://${host}:${server.address().port}`));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void roomcast.stop().then(() => server.close()));
