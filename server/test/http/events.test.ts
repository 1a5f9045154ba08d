import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RoomcastError, type Receipt } from '@roomcast/protocol';
import type { EmitItem } from '../../src/events/broadcaster.js';
import { listen, type ListeningApi } from './listening-api.js';

let api: ListeningApi;
let published: EmitItem[][];
let failure: Error | null;
const reads: unknown[] = [];
const page = { stream: 'tenant', events: [], offset: 7, epoch: 'e', has_more: false, recovered: true };

beforeAll(async () => {
  const used = new Set<string>();
  api = await listen({
    publish(caller, items) {
      if (failure) return Promise.reject(failure);
      published.push([...items]);
      const receipts = items.map(({ id }, index): Receipt => {
        const key = `${caller.tenant} ${String(id)}`;
        const duplicate = id !== undefined && used.has(key);
        used.add(key);
        return { id: `e-${String(index)}`, stream: 'tenant', offset: index + 1, epoch: 'e', duplicate };
      });
      return Promise.resolve(receipts);
    },
    readEvents(caller, asked) {
      reads.push([caller.userId, asked]);
      if (asked.room === 'user:eve') return Promise.reject(new RoomcastError('not_found'));
      return Promise.resolve(page);
    },
  });
});
afterAll(() => api.close());
beforeEach(() => {
  published = [];
  failure = null;
});

const event = { event: 'operation.completed', data: { project_id: '42', operation: 'matching', result: {} } };
const publisher = () => api.caller({ roles: ['publisher'] });
const paths = (body: Record<string, unknown>) => (body.issues as { path: string }[]).map(({ path }) => path);

describe('posting an event', () => {
  it('answers 201 and its receipt; 200 when it is a duplicate', async () => {
    const bot = publisher();
    const first = await bot.post('/events', { ...event, id: 'm-1' });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({ id: 'e-0', stream: 'tenant', offset: 1, epoch: 'e', duplicate: false });
    const again = await bot.post('/events', { ...event, id: 'm-1' });
    expect([again.status, again.body.duplicate]).toEqual([200, true]);
  });

  it.each(['m-2', '"m-2"'])('takes the header Idempotency-Key %s as its id', async (key) => {
    await publisher().post('/events', event, { 'idempotency-key': key });
    expect(published).toEqual([[{ ...event, id: 'm-2' }]]);
  });

  it('keeps an id of its own beside the header', async () => {
    await publisher().post('/events', { ...event, id: 'm-3' }, { 'idempotency-key': 'k' });
    expect(published[0]?.[0]?.id).toBe('m-3');
  });

  it('refuses a key that cannot be an id by name', async () => {
    const { status, body } = await publisher().post('/events', event, { 'idempotency-key': 'a b' });
    expect([status, paths(body)]).toEqual([400, ['Idempotency-Key']]);
  });

  it('names every bad field', async () => {
    const { status, body } = await publisher().post('/events', { data: 'text', id: '' });
    expect([status, paths(body)]).toEqual([400, ['event', 'data', 'id']]);
    expect((await publisher().post('/events')).status).toBe(400);
  });

  it('is for publishers; others are refused before their body is read', async () => {
    const { status, body } = await api.caller().post('/events', '{');
    expect([status, body.code]).toEqual([403, 'forbidden']);
  });

  it('answers the conflict of an id that was used for another event', async () => {
    failure = new RoomcastError('conflict');
    expect((await publisher().post('/events', event)).status).toBe(409);
  });
});

describe('posting a batch', () => {
  it('answers 200 and a receipt for each', async () => {
    const { status, body } = await publisher().post('/events', { events: [event, { ...event, id: 'b-1' }] });
    expect([status, (body.results as Receipt[]).map(({ id }) => id)]).toEqual([200, ['e-0', 'e-1']]);
    expect(published).toHaveLength(1);
  });

  it('gives each event without an id the header’s key and its place', async () => {
    const events = [event, { ...event, id: 'own' }, event];
    await publisher().post('/events', { events }, { 'idempotency-key': 'k' });
    expect(published[0]?.map(({ id }) => id)).toEqual(['k:0', 'own', 'k:2']);
  });

  it('publishes nothing when one is bad, and the issues tell which', async () => {
    const { status, body } = await publisher().post('/events', { events: [event, event, event, { event: 1 }] });
    expect([status, paths(body)]).toEqual([400, ['events.3.event', 'events.3.data']]);
    expect(published).toEqual([]);
  });

  it('of one names its issues as a batch does', async () => {
    failure = new RoomcastError('bad_request', undefined, { issues: [{ path: 'data.progress', message: 'too big' }] });
    expect(paths((await publisher().post('/events', { events: [event] })).body)).toEqual(['events.0.data.progress']);
    expect(paths((await publisher().post('/events', event)).body)).toEqual(['data.progress']);
  });

  it('takes 500 events and no more; none is no error', async () => {
    const bot = publisher();
    const events = Array.from({ length: 501 }, () => event);
    expect((await bot.post('/events', { events })).status).toBe(400);
    expect((await bot.post('/events', { events: events.slice(1) })).status).toBe(200);
    expect((await bot.post('/events', { events: [] })).body).toEqual({ results: [] });
    expect(published).toHaveLength(1);
  });

  it('may be 8 MiB large', async () => {
    const bot = publisher();
    const large = (bytes: number) => ({ events: [{ ...event, data: { text: 'x'.repeat(bytes) } }] });
    expect((await bot.post('/events', large(7 * 1024 * 1024))).status).toBe(200);
    const { status, body } = await bot.post('/events', large(8 * 1024 * 1024));
    expect([status, body.code]).toEqual([413, 'payload_too_large']);
  });
});

describe('reading the events of a room', () => {
  it('passes the position on and answers the page', async () => {
    const ada = api.caller();
    const { status, body } = await ada.get('/rooms/project:42/events?after=17&epoch=e&limit=500');
    expect([status, body]).toEqual([200, page]);
    expect(reads.at(-1)).toEqual(['ada', { room: 'project:42', offset: 17, epoch: 'e', limit: 500 }]);
  });

  it('begins at the first event when nothing is said, and takes an encoded name', async () => {
    await api.caller().get('/rooms/project%3A42/events');
    expect(reads.at(-1)).toEqual(['ada', { room: 'project:42', offset: 0 }]);
  });

  it.each(['after=-1', 'after=x', 'after=99999999999999999', 'limit=0', 'limit=501'])('refuses %s', async (query) => {
    const { status, body } = await api.caller().get(`/rooms/global/events?${query}`);
    expect([status, paths(body)]).toEqual([400, [query.split('=')[0]]]);
  });

  it('answers what the rights say', async () => {
    expect((await api.caller().get('/rooms/user:eve/events')).status).toBe(404);
  });
});
