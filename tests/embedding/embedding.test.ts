// The platform inside somebody's own Express application: its own entity and transactions, its own events, rooms and
// rights, and the broadcaster from any of its files.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { defineEvent, extendCatalogue } from '@roomcast/protocol';
import { createRoomcast, getBroadcaster } from '@roomcast/server';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { callerAt } from '../support/caller.js';
import { databaseKind, testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { connectPlainClient, type PlainClient } from '../support/plain-client.js';
import { testToken } from '../support/tokens.js';
import { postNotice } from './shop-notices.js';
import { OrderEntity, openShop, settingsOf, type Shop } from './shop.js';

let database: TestDatabase;
let shop: Shop;
const clients: PlainClient[] = [];
const early = attempt(() => getBroadcaster());

beforeAll(async () => {
  database = await testDatabase();
  shop = await openShop(database);
}, 120_000);
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await shop.close();
  await database.drop();
});

function attempt(act: () => unknown): string {
  try {
    act();
    return 'nothing was thrown';
  } catch (error) {
    return (error as Error).message;
  }
}

async function connect(user: string): Promise<PlainClient> {
  const client = await connectPlainClient(shop.url, { token: testToken({ user }) });
  clients.push(client);
  return client;
}

async function order(id: string, total: number): Promise<number> {
  const body = JSON.stringify({ id, shopId: '1', total });
  const headers = { 'content-type': 'application/json' };
  return (await fetch(`${shop.url}/shop/orders`, { method: 'POST', headers, body })).status;
}

describe('the host application', () => {
  it('keeps its own pages beside those of the platform', async () => {
    expect(await (await fetch(`${shop.url}/shop`)).json()).toEqual({ shop: 'open' });
    expect(await (await fetch(`${shop.url}/nowhere`)).json()).toEqual({ shop: 'has no such page' });
    expect((await fetch(`${shop.url}/ready`)).status).toBe(200);
    const ada = callerAt(shop.url, { user: 'ada' });
    expect((await ada.post('/projects', { id: '42', name: 'Atlas' })).status).toBe(201);
    expect((await ada.get('/nowhere')).body.code).toBe('not_found');
    const client = await connect('ada');
    await client.subscribe('project:42', { offset: 0 });
    expect(client.facts().map(({ event }) => event)).toEqual(['project.created']);
  });
});

describe('a room of the host’s own kind', () => {
  it('has presence and typing as the others have', async () => {
    await shop.roomcast.dataSource.query(`insert into shop_staff values ('cleo', '1')`);
    const [ada, cleo] = [await connect('ada'), await connect('cleo')];
    await ada.subscribe('shop:1', { presence: true });
    await cleo.subscribe('shop:1');
    await eventually(() =>
      expect(ada.heard.at(-1)).toMatchObject({ event: 'presence.diff', data: { joins: [{ user_id: 'cleo' }] } }),
    );
    expect(await cleo.ask('typing.start', { room: 'shop:1' })).toEqual({ status: 'success' });
    await eventually(() =>
      expect(ada.heard.at(-1)).toMatchObject({ event: 'typing.updated', data: { user_id: 'cleo', is_typing: true } }),
    );
  });
});

describe('P1: an event of the host’s own transaction', () => {
  it('is seen once when that has committed, and never when it was rolled back', async () => {
    const client = await connect('ada');
    await client.subscribe('shop:1');
    expect([await order('a', 1), await order('a', 2), await order('b', 3), await order('b', 4)]).toEqual([
      201, 409, 201, 409,
    ]);
    await eventually(() => expect(client.facts()).toHaveLength(2));
    expect(client.facts().map(({ data, stream, offset }) => [data.order_id, data.total, stream, offset])).toEqual([
      ['a', 1, 'shop:1', 1],
      ['b', 3, 'shop:1', 2],
    ]);
    const rows = await shop.roomcast.dataSource.getRepository(OrderEntity).find({ order: { id: 'asc' } });
    expect(rows.map(({ id, total }) => [id, total])).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
  });

  it('follows the savepoints of that transaction', async () => {
    const client = await connect('ada');
    await client.subscribe('shop:1');
    const { dataSource, broadcaster } = shop.roomcast;
    await dataSource.transaction(async (outer) => {
      const place = (order_id: string) => ({ shop_id: '1', order_id, total: 1 });
      await broadcaster.in(outer).emit('order.placed', place('outer'));
      const inner = outer.transaction(async (nested) => {
        await broadcaster.in(nested).emit('order.placed', place('inner'));
        throw new Error('only this part');
      });
      await expect(inner).rejects.toThrow('only this part');
      await outer.transaction((nested) => broadcaster.in(nested).emit('order.placed', place('second')));
    });
    await eventually(() => expect(client.facts().map(({ data }) => data.order_id)).toEqual(['outer', 'second']));
  });

  it('may be of a data source of the host’s own', async () => {
    // The embedded database takes no second connection.
    if (databaseKind() === 'embedded') return;
    const client = await connect('ada');
    await client.subscribe('shop:1');
    const own = await new DataSource({ type: 'postgres', url: database.databaseUrl }).initialize();
    try {
      const { id } = await own.transaction((manager) =>
        shop.roomcast.broadcaster.in(manager).emit('order.placed', { shop_id: '1', order_id: 'own', total: 1 }),
      );
      await eventually(() => expect(client.facts()).toMatchObject([{ id, data: { order_id: 'own' } }]));
    } finally {
      await own.destroy();
    }
  });

  it('cannot be ephemeral, and takes the manager of a transaction', async () => {
    const { dataSource, broadcaster } = shop.roomcast;
    const ephemeral = dataSource.transaction((manager) =>
      broadcaster.in(manager).emit('visitor.seen', { shop_id: '1' }),
    );
    await expect(ephemeral).rejects.toThrow('ephemeral');
    const outside = broadcaster.in(dataSource.manager).emit('order.placed', { shop_id: '1', order_id: 'c', total: 1 });
    await expect(outside).rejects.toThrow('transaction');
    const { rows } = await outboxRows();
    expect(rows).toBe(0);
  });
});

async function outboxRows(): Promise<{ rows: number }> {
  const [found] = await shop.roomcast.dataSource.query<{ rows: number }[]>('select count(*)::int as rows from outbox');
  return found!;
}

describe('events and rooms of the host’s own', () => {
  it('are emitted from any of its files', async () => {
    const client = await connect('ada');
    await client.subscribe('shop:1');
    const id = await postNotice('1', 'Closed on Monday.');
    await eventually(() =>
      expect(client.facts()).toMatchObject([{ id, event: 'notice.posted', data: { text: 'Closed on Monday.' } }]),
    );
  });

  it('keep the promises of their class', async () => {
    const client = await connect('ada');
    const { broadcaster } = shop.roomcast;
    const receipt = await broadcaster.emit('stock.changed', { shop_id: '1', article: 'lamp', left: 3 });
    await broadcaster.emit('stock.changed', { shop_id: '1', article: 'lamp', left: 2 });
    const ack = await client.subscribe('shop:1', { offset: (receipt.offset ?? 0) - 1, state: true });
    expect(ack.state?.map(({ data }) => data.left)).toEqual([2]);
    expect(client.facts().map(({ data }) => data.left)).toEqual([2]);
    expect(await broadcaster.emit('visitor.seen', { shop_id: '1' })).toEqual({
      id: expect.any(String),
      duplicate: false,
    });
    await eventually(() => expect(client.names()).toContain('visitor.seen'));
    const seen = client.heard.find(({ event }) => event === 'visitor.seen');
    expect(seen).toMatchObject({ rooms: ['shop:1'], data: { shop_id: '1' } });
    expect(seen).not.toHaveProperty('offset');
  });

  it('are entered by whom the host’s policy admits, and the policy of a built-in kind may be replaced', async () => {
    const client = await connect('ada');
    expect((await client.ask('subscribe', { room: 'shop:2' })).error).toMatchObject({ code: 'not_found' });
    expect((await client.ask('subscribe', { room: 'shop:none' })).error).toMatchObject({ code: 'not_found' });
    expect((await client.ask('subscribe', { room: 'agent:a' })).error).toMatchObject({ code: 'forbidden' });
    await (await connect('bob')).subscribe('shop:2');
    await (await connect('bob')).subscribe('global');
  });

  it('fill in defaults, and refuse what does not fit with the path of each bad field', async () => {
    const { broadcaster } = shop.roomcast;
    const client = await connect('ada');
    await client.subscribe('shop:1');
    await broadcaster.emit('order.placed', { shop_id: '1', order_id: 'd', total: 1 });
    await eventually(() => expect(client.facts()[0]?.data).toMatchObject({ note: '' }));
    await expect(broadcaster.emit('order.placed', { shop_id: '1', order_id: 'e', total: -1 })).rejects.toMatchObject({
      code: 'bad_request',
      issues: [{ path: 'data.total' }],
    });
    await expect(broadcaster.emit('notice.posted', { text: 't' }, { rooms: ['shop:1', 'shop:2'] })).rejects.toThrow(
      'rooms of 2 streams',
    );
    await expect(broadcaster.emit('notice.posted', { text: 't' }, { rooms: ['house:1'] })).rejects.toMatchObject({
      code: 'bad_request',
    });
  });
});

describe('the door of the library', () => {
  it('says so when it was opened too early, or with another catalogue', () => {
    expect(early).toContain('before createRoomcast()');
    expect(attempt(() => getBroadcaster())).toContain('another catalogue');
  });

  it('refuses at the start an event that cannot be told in one stream', async () => {
    const torn = defineEvent({
      name: 'shop.torn',
      class: 'durable',
      data: z.object({}),
      rooms: () => ['user:ada', 'global'],
      example: {},
      summary: 'Impossible.',
    });
    const other = await testDatabase();
    const made = createRoomcast({
      catalogue: extendCatalogue({ events: [torn], roomKinds: [] }),
      settings: settingsOf(other),
    });
    await expect(made).rejects.toThrow('event "shop.torn" goes to rooms of 2 streams');
    await other.drop();
  }, 120_000);

  it('lets go of everything also where nothing was attached, however often it is told', async () => {
    const other = await testDatabase();
    const unused = await createRoomcast({ settings: settingsOf(other) });
    await Promise.all([unused.stop(), unused.stop()]);
    await unused.stop();
    await other.drop();
  }, 120_000);
});
