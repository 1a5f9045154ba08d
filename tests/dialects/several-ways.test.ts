// A person who is here in several ways at once, and what is said in one of them: it is one and the same everywhere.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { closeDialectClients, openDialect } from '../support/dialect-client.js';
import { eventually } from '../support/eventually.js';
import { closeNativeClients, connectNativeClient } from '../support/native-client.js';
import type { PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { closeSseClients, connectSse } from '../support/sse-client.js';
import { teamAt, type Team } from '../support/team.js';

let database: TestDatabase;
let server: ServerProcess;
let team: Team;
let socketio: PlainClient;
beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({ env: { ...database.env, MAX_CONNECTIONS_PER_USER: '0' } });
  team = teamAt(server.url);
});
afterAll(async () => {
  socketio.close();
  closeDialectClients();
  closeNativeClients();
  closeSseClients();
  await server.stop();
  await database.drop();
});

interface Heard {
  data: { message: { id: string; content: string } };
}

const idsOf = (facts: readonly { event: string; data: Record<string, unknown> }[]) =>
  facts.filter(({ event }) => event === 'message.created').map((fact) => (fact as unknown as Heard).data.message.id);

describe('a person who is here over Socket.IO, a native WebSocket, server-sent events and dialects', () => {
  it('says in a conversation by dialect 002 what is heard everywhere, under one id; and is one person', async () => {
    const { body } = await team.ada.post('/conversations', { participant_ids: ['bob'] });
    const conversation_id = body.id as string;
    const room = `conversation:${conversation_id}`;
    const token = team.ada.credential;
    const watching = await openDialect(server.url, `/ws/bob?token=${team.bob.credential}`);
    await eventually(() => expect(watching.of('online_users')).toHaveLength(1));

    socketio = await team.ada.listen(room);
    const native = await connectNativeClient(server.url, { token });
    const entered = await native.ask('subscribe', { room, presence: true });
    const sse = await connectSse(server.url, { token, rooms: [room] });
    const dialect = await openDialect(server.url, `/ws/ada?token=${token}`);
    dialect.send({ type: 'join_conversation', conversation_id });
    dialect.send({ type: 'send_message', conversation_id, content: 'One and the same' });

    await eventually(() => expect(dialect.of('new_message')).toHaveLength(1));
    const { id } = dialect.of('new_message')[0]?.message as { id: string };
    for (const { facts } of [socketio, native, sse]) await eventually(() => expect(idsOf(facts())).toEqual([id]));
    const { items } = (await team.ada.get(`/conversations/${conversation_id}/messages`)).body;
    expect(items).toMatchObject([{ id, content: 'One and the same', sender_id: 'ada' }]);

    expect(entered.presence).toMatchObject({ count: 1, members: [{ user_id: 'ada' }] });
    expect(await native.ask('presence.list', { room })).toMatchObject({ count: 1, members: [{ user_id: 'ada' }] });
    expect((await team.ada.get('/stats')).body).toMatchObject({ rooms: { 'conversation:*': 4 } });
    await eventually(() => expect(watching.of('presence_update')).toMatchObject([{ user_id: 'ada', online: true }]));
    socketio.close();
    native.close();
    sse.close();
    expect(await native.ask('debug:rooms').catch(() => 'closed')).toBe('closed');
    dialect.send({ type: 'send_message', conversation_id, content: 'Still here' });
    await eventually(() => expect(dialect.of('new_message')).toHaveLength(2));
    expect(watching.of('presence_update')).toHaveLength(1);
  });

  it('is in a session by dialects 000 and 003 with the same messages', async () => {
    const { body } = await team.ada.post('/sessions', { participant_ids: ['bob'], emotion: false });
    const session_id = body.id as string;
    const token = team.ada.credential;
    const session = await openDialect(server.url, `/ws/sessions/${session_id}?token=${token}`);
    session.send({ action: 'join' });
    const learning = await openDialect(server.url, `/api/ws?token=${token}`);
    learning.send({ type: 'join_session', data: { session_id } });
    learning.send({ type: 'message_sent', data: { session_id, content: 'Why?' } });
    await eventually(() => expect(session.of('agent_response')).toHaveLength(1));
    await eventually(() => expect(learning.of('message_received')).toHaveLength(2));
    const shown = ['user_message', 'agent_response'].map((type) => session.of(type)[0]?.data as { id: string });
    const received = learning.of('message_received').map(({ data }) => (data as Heard['data']).message);
    expect(received.map(({ id }) => id)).toEqual(shown.map(({ id }) => id));
    expect(session.of('user_joined')).toMatchObject([{ data: { userId: 'ada', connectedUsers: 1 } }]);
  });
});
