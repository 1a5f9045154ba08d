// permessage-deflate: only where the configuration asks for it and the client offers it, and only where it pays.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { closeNativeClients, connectNativeClient, type NativeClient } from '../support/native-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { projectFact, teamAt } from '../support/team.js';

const MAX_FRAME_BYTES = 4_096;

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  database = await testDatabase();
  const env = { WS_COMPRESSION: 'on', MAX_FRAME_BYTES: String(MAX_FRAME_BYTES) };
  server = await startServer({ env: { ...database.env, ...env } });
});
afterAll(async () => {
  closeNativeClients();
  await server.stop();
  await database.drop();
});

/** Posts an event that is longer by `padding`. @returns how many bytes it was for each of the clients */
async function bytesOf(team: ReturnType<typeof teamAt>, clients: NativeClient[], padding: number): Promise<number[]> {
  const before = clients.map((client) => ({ bytes: client.bytesRead(), count: client.facts().length }));
  const { event, data } = projectFact('42', 1);
  await team.bot.post('/events', { event, data: { ...data, result: 'x'.repeat(padding) } });
  for (const [index, client] of clients.entries()) {
    await eventually(() => expect(client.facts()).toHaveLength(before[index]!.count + 1));
  }
  return clients.map((client, index) => client.bytesRead() - before[index]!.bytes);
}

describe('frames, where WS_COMPRESSION is on,', () => {
  it('are compressed for who offers it, from 1 KiB on, and say the same', async () => {
    const team = teamAt(server.url);
    const offering = await connectNativeClient(server.url, { token: team.ada.credential, compression: true });
    const plain = await connectNativeClient(server.url, { token: team.bob.credential });
    expect([offering.ws.extensions, plain.ws.extensions]).toEqual(['permessage-deflate', '']);
    for (const client of [offering, plain]) await client.subscribe('project:42');
    const [small, asItIs] = await bytesOf(team, [offering, plain], 500);
    expect(small).toBe(asItIs);
    const [large, whole] = await bytesOf(team, [offering, plain], 5_000);
    expect(whole).toBeGreaterThan(5_000);
    expect(large).toBeLessThan(1_000);
    expect(offering.facts()).toEqual(plain.facts());
  });

  it('may not be larger than is allowed once they are unpacked', async () => {
    const { ada } = teamAt(server.url);
    const client = await connectNativeClient(server.url, { token: ada.credential, compression: true });
    client.say('x'.repeat(MAX_FRAME_BYTES + 1));
    await eventually(() => expect(client.ended?.code).toBe(1009));
  });
});
