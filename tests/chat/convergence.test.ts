// A snapshot and the events after its position are the next snapshot, whatever people do meanwhile and however often the
// connection of who looks on is lost.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Caller } from '../support/caller.js';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, type PlainClient } from '../support/plain-client.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { teamAt } from '../support/team.js';

const RUNS = Number(process.env.CHAT_RUNS ?? 8);

let database: TestDatabase;
let server: ServerProcess;

beforeAll(async () => {
  database = await testDatabase();
  const env = { MESSAGE_RATE: '100000', COMMAND_RATE: '100000', MAX_CONNECTIONS_PER_USER: '0' };
  server = await startServer({ env: { ...database.env, ...env } });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await database.drop();
});

interface Message {
  id: string;
  sender_id: string;
  deleted_at?: string;
}

interface Position {
  offset: number;
  epoch: string;
}

/** All that somebody sees of a room. */
interface View {
  messages: Message[];
  /** How far bob has read. */
  mark: string | null;
}

/** A device that keeps a view by events alone. */
class Device {
  private client: PlainClient | null = null;

  constructor(
    private readonly caller: Caller,
    private readonly room: string,
    readonly view: View,
    public position: Position,
  ) {}

  async connect(): Promise<void> {
    const client = await connectPlainClient(server.url, { token: this.caller.credential });
    this.client = client;
    client.socket.onAny((_name: string, event: { event: string; stream?: string; offset?: number; data: never }) => {
      // What is still handed out of a connection that was given up is not seen any more.
      if (this.client === client && event.stream === this.room) this.take(event);
    });
    const ack = await client.subscribe(this.room, this.position);
    expect(ack.recovered).toBe(true);
  }

  leave(): void {
    this.client?.close();
    this.client = null;
  }

  private take({ event, offset, data }: { event: string; offset?: number; data: Record<string, unknown> }): void {
    this.position = { ...this.position, offset: offset ?? this.position.offset };
    const { messages } = this.view;
    const message = data.message as Message;
    if (event === 'message.created') messages.push(message);
    else if (event === 'read.updated')
      this.view.mark = data.user_id === 'bob' ? String(data.message_id) : this.view.mark;
    else
      messages.splice(
        messages.findIndex(({ id }) => id === message.id),
        1,
        message,
      );
  }
}

async function snapshot(caller: Caller, path: string): Promise<{ messages: Message[]; position: Position }> {
  const { body } = await caller.get(`${path}/messages?limit=200`);
  return { messages: body.items as Message[], position: body.position as Position };
}

/** What bob has not read, by a view alone. */
function unreadIn({ messages, mark }: View): number {
  const read = messages.findIndex(({ id }) => id === mark);
  return messages.slice(read + 1).filter((message) => message.sender_id !== 'bob' && !message.deleted_at).length;
}

const place = fc.nat({ max: 1_000 });
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('send' as const), who: fc.boolean(), at: place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('edit' as const), who: fc.boolean(), at: place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), who: fc.boolean(), at: place }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('react' as const), who: fc.boolean(), at: place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), who: fc.boolean(), at: place }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reconnect' as const), who: fc.boolean(), at: place }) },
);

async function perform(of: { do: string; who: boolean; at: number }, who: Caller, path: string, ids: string[]) {
  const id = ids[of.at % Math.max(1, ids.length)] ?? 'nothing';
  if (of.do === 'send') {
    const { body } = await who.post(`${path}/messages`, { content: `message ${of.at}` });
    ids.push(String(body.id));
  }
  // Others' messages are refused, deleted ones are a conflict: both change nothing, and are told to nobody.
  if (of.do === 'edit') await who.patch(`/messages/${id}`, { content: `edited ${of.at}` });
  if (of.do === 'delete') await who.delete(`/messages/${id}`);
  if (of.do === 'react') {
    const reaction = `/messages/${id}/reactions/${of.at % 3}`;
    await (of.at % 4 === 0 ? who.delete(reaction) : who.put(reaction));
  }
  if (of.do === 'read') await who.post(`${path}/read`, { message_id: id });
}

describe('a view that is kept by events', () => {
  it('is what a new snapshot shows, whatever happens and however often the connection is lost', async () => {
    const turn = fc.array(action, { minLength: 1, maxLength: 4 });
    const property = fc.asyncProperty(fc.array(turn, { minLength: 3, maxLength: 12 }), async (turns) => {
      const { ada, bob } = teamAt(server.url);
      const { body } = await ada.post('/conversations', { participant_ids: ['bob'] });
      const path = `/conversations/${String(body.id)}`;
      const ids: string[] = [];
      for (let n = 0; n < 3; n++) await perform({ do: 'send', who: true, at: n }, ada, path, ids);

      const before = await snapshot(bob, path);
      const view: View = { messages: before.messages, mark: null };
      const device = new Device(bob, `conversation:${String(body.id)}`, view, before.position);
      await device.connect();
      for (const together of turns) {
        const lost = together.some((one) => one.do === 'reconnect');
        if (lost) device.leave();
        await Promise.all(together.map((one) => perform(one, one.who ? ada : bob, path, ids)));
        if (lost) await device.connect();
      }

      const after = await snapshot(bob, path);
      await eventually(() => expect(device.position.offset).toBeGreaterThanOrEqual(after.position.offset));
      device.leave();
      expect(view.messages).toEqual(after.messages);
      const { items } = (await bob.get('/conversations')).body as { items: { unread: number }[] };
      expect(items[0]?.unread).toBe(unreadIn(view));
    });
    await fc.assert(property, {
      numRuns: RUNS,
      ...(process.env.TEST_SEED ? { seed: Number(process.env.TEST_SEED) } : {}),
    });
  }, 300_000);
});

describe('two devices of one user', () => {
  it.each([1, 20, 200])('have the same list when one was away for %d messages', async (count) => {
    const { ada, bob } = teamAt(server.url);
    const { body } = await ada.post('/conversations', { participant_ids: ['bob'] });
    const path = `/conversations/${String(body.id)}`;
    const { messages, position } = await snapshot(bob, path);
    const [here, away] = [0, 1].map(
      () =>
        new Device(bob, `conversation:${String(body.id)}`, { messages: [...messages], mark: null }, { ...position }),
    ) as [Device, Device];
    await here.connect();
    await away.connect();
    away.leave();
    const ids: string[] = [];
    for (let n = 0; n < count; n++) await perform({ do: 'send', who: true, at: n }, ada, path, ids);
    await perform({ do: 'react', who: false, at: 1 }, bob, path, ids);
    await perform({ do: 'read', who: false, at: count - 1 }, bob, path, ids);
    await away.connect();
    const after = await snapshot(bob, path);
    for (const device of [here, away]) {
      await eventually(() => expect(device.position.offset).toBe(after.position.offset));
      expect(device.view).toEqual({ messages: after.messages, mark: ids.at(-1) });
      device.leave();
    }
    expect(after.messages).toHaveLength(count);
  });
});
