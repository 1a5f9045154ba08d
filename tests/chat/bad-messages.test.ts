// What is no message, and what is no upload: each has its code and names its field, and nothing is stored.
import { readdir } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { callerAt, type Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt, type Team } from '../support/team.js';

let database: TestDatabase;
let server: ServerProcess;
let team: Team;
let room: string;
let path: string;

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const MIB = 1024 * 1024;

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MESSAGE_RATE: '100000', COMMAND_RATE: '100000' } });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
});
beforeEach(async () => {
  team = teamAt(server.url);
  const { body } = await team.ada.post('/conversations', { participant_ids: ['bob'] });
  path = `/conversations/${String(body.id)}`;
  room = `conversation:${String(body.id)}`;
});

describe('a message', () => {
  it.each([
    ['empty', { content: '' }, 'content'],
    ['blank', { content: ' \n\t ' }, 'content'],
    ['too long', { content: 'x'.repeat(5001) }, 'content'],
    ['no text', { content: 7 }, 'content'],
    ['missing', {}, 'content'],
    ['half of a surrogate pair', { content: 'a\ud800b' }, 'content'],
    ['a NUL', { content: 'a\u0000b' }, 'content'],
    ['an id that is none', { content: 'x', client_id: 'a b' }, 'client_id'],
    ['a file that is not there', { content: 'x', attachment_ids: ['nothing'] }, 'attachment_ids.0'],
    ['an answer to nothing', { content: 'x', reply_to: 'nothing' }, 'reply_to'],
    ['encrypted by nothing', { content: 'x', encrypted: 'secret' }, 'encrypted'],
  ])('that is %s is a bad request by every door, and is not stored', async (_what, message, field) => {
    const client = await team.ada.listen(room);
    const refusal = { code: 'bad_request', issues: [{ path: field }] };
    expect((await team.ada.post(`${path}/messages`, message)).body).toMatchObject({ status: 400, ...refusal });
    expect(await client.ask('message.send', { room, ...message })).toMatchObject({ error: refusal });
    expect((await team.ada.get(`${path}/messages`)).body.items).toEqual([]);
    expect(client.facts()).toEqual([]);
    client.close();
  });

  it('takes 5,000 characters once both ends are trimmed, whatever the language', async () => {
    const content = '語'.repeat(5000);
    const { status, body } = await team.ada.post(`${path}/messages`, { content: `  ${content}\n` });
    expect([status, body.content]).toEqual([201, content]);
  });

  it('beyond the rate is refused with the time to wait, by both doors together', async () => {
    const strict = await startServer({ env: { ...(await testDatabase()).env, MESSAGE_RATE: '1' } });
    try {
      const { ada } = teamAt(strict.url);
      const { body } = await ada.post('/conversations', { participant_ids: [] });
      const client = await ada.listen();
      const send = { room: `conversation:${String(body.id)}`, content: 'x' };
      const answers = [];
      for (let n = 0; n < 4; n++) answers.push(await client.ask('message.send', send));
      expect(answers.at(-1)).toMatchObject({ error: { code: 'rate_limited', retry_after_ms: expect.any(Number) } });
      const rest = await ada.post(`/conversations/${String(body.id)}/messages`, { content: 'x' });
      expect([rest.status, rest.body.code]).toEqual([429, 'rate_limited']);
      client.close();
    } finally {
      await strict.stop();
    }
  }, 60_000);
});

interface Part {
  name?: string;
  type?: string;
  bytes?: Uint8Array;
  to?: string | null;
}

async function upload(caller: Caller, { name = 'a.png', type = 'image/png', bytes = PNG, to = room }: Part) {
  const boundary = 'a-boundary-of-a-test';
  const head = (text: string) => Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; ${text}\r\n\r\n`);
  const body = Buffer.concat([
    ...(to === null ? [] : [head('name="room"'), Buffer.from(`${to}\r\n`)]),
    head(`name="file"; filename="${name}"\r\nContent-Type: ${type}`),
    bytes,
    Buffer.from(`\r\n--${boundary}--\r\n`),
  ]);
  const response = await fetch(`${server.url}/api/v1/attachments`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${caller.credential}`,
      'content-type': `multipart/form-data; boundary=${boundary}`,
    },
    body,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const kept = async () => readdir(join(database.dataDir, 'attachments')).catch(() => []);

describe('an upload', () => {
  it('belongs to one message, is handed to those in the room as a download, and goes with its message', async () => {
    const { status, body } = await upload(team.ada, { name: 'Zeichnung ä.png' });
    expect([status, body]).toMatchObject([
      201,
      {
        name: 'Zeichnung ä.png',
        media_type: 'image/png',
        size: PNG.length,
        url: `/api/v1/attachments/${String(body.id)}`,
      },
    ]);
    const sent = await team.ada.post(`${path}/messages`, { content: 'look', attachment_ids: [body.id] });
    expect(sent.body.attachments).toEqual([body]);
    const again = await team.ada.post(`${path}/messages`, { content: 'again', attachment_ids: [body.id] });
    expect(again.body).toMatchObject({ code: 'bad_request', issues: [{ path: 'attachment_ids.0' }] });
    const get = (caller: Caller) =>
      fetch(server.url + String(body.url), { headers: { authorization: `Bearer ${caller.credential}` } });
    const response = await get(team.bob);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(PNG);
    expect(response.headers.get('content-type')).toBe('image/png');
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename/);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const carol = callerAt(server.url, { user: 'carol', tenant: team.tenant });
    expect((await get(carol)).status).toBe(404);
    const before = (await kept()).length;
    await team.ada.delete(`/messages/${String(sent.body.id)}`);
    expect((await get(team.bob)).status).toBe(404);
    expect((await kept()).length).toBe(before - 1);
  });

  it.each<[string, Part, number, string, string]>([
    ['too large', { bytes: Buffer.alloc(11 * MIB, 'x'), type: 'text/plain' }, 413, 'payload_too_large', ''],
    ['empty', { bytes: Buffer.alloc(0) }, 400, 'bad_request', 'file'],
    ['a text that says it is a picture', { bytes: Buffer.from('hello') }, 400, 'bad_request', 'file'],
    ['a picture that says it is a film', { type: 'video/mp4' }, 400, 'bad_request', 'file'],
    ['named as a path', { name: '../../etc/passwd' }, 400, 'bad_request', 'file'],
    ['named as a path of another system', { name: 'C:\\\\x.png' }, 400, 'bad_request', 'file'],
    ['named as a folder', { name: '..' }, 400, 'bad_request', 'file'],
    ['for no room', { to: null }, 400, 'bad_request', 'room'],
    ['for a room that is not there', { to: 'conversation:nowhere' }, 404, 'not_found', ''],
    ['for a room of another kind', { to: 'global' }, 404, 'not_found', ''],
  ])('that is %s is refused, and nothing is kept', async (_what, part, status, code, field) => {
    const before = await kept();
    const answer = await upload(team.ada, part);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    if (field) expect(answer.body.issues).toMatchObject([{ path: field }]);
    expect(await kept()).toEqual(before);
  });

  it('that breaks off is forgotten, and its file with it', async () => {
    const before = await kept();
    const sending = request(`${server.url}/api/v1/attachments`, {
      method: 'POST',
      headers: { authorization: `Bearer ${team.ada.credential}`, 'content-type': 'multipart/form-data; boundary=b' },
    }).on('error', () => {});
    sending.write('--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n');
    sending.write('x'.repeat(100_000));
    await eventually(async () => expect(await kept()).toHaveLength(before.length + 1));
    sending.destroy();
    await eventually(async () => expect(await kept()).toEqual(before));
  });

  it('that is no form is a bad request', async () => {
    const answer = await team.ada.post('/attachments', { room });
    expect([answer.status, answer.body.code]).toEqual([400, 'bad_request']);
  });

  it('of who is not in the room is refused, and nothing is kept', async () => {
    const before = await kept();
    const carol = callerAt(server.url, { user: 'carol', tenant: team.tenant });
    expect((await upload(carol, {})).body.code).toBe('not_found');
    expect(await kept()).toEqual(before);
  });
});
