import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { listen, type Caller, type ListeningApi } from './listening-api.js';

let api: ListeningApi;
beforeAll(async () => {
  api = await listen();
});
afterAll(() => api.close());

interface List {
  items: { id: string }[];
  next_cursor: string | null;
}

async function page(caller: Caller, query: string): Promise<List> {
  const { status, body } = await caller.get(`/projects?${query}`);
  expect(status).toBe(200);
  return body as unknown as List;
}

/** All ids, page after page. @param between runs before each further page */
async function walk(caller: Caller, limit: number, between: () => Promise<unknown> = () => Promise.resolve()) {
  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null;) {
    const list: List = await page(caller, `limit=${String(limit)}${cursor && `&cursor=${cursor}`}`);
    expect(list.items.length).toBeLessThanOrEqual(limit);
    ids.push(...list.items.map(({ id }) => id));
    cursor = list.next_cursor;
    if (cursor !== null) await between();
  }
  return ids;
}

async function withProjects(count: number): Promise<{ caller: Caller; ids: string[] }> {
  const caller = api.caller();
  const ids = Array.from({ length: count }, (_, index) => `p-${String(index)}`);
  // At once, so that many are of the same millisecond.
  await Promise.all(ids.map((id) => caller.post('/projects', { id, name: id })));
  return { caller, ids };
}

describe('a list', () => {
  it.each([1, 2, 5, 12, 13, 200])('in pages of %i holds everything once', async (limit) => {
    const { caller, ids } = await withProjects(12);
    const walked = await walk(caller, limit);
    expect([...walked].sort()).toEqual([...ids].sort());
  });

  it('is the same in pages of any size', async () => {
    const { caller } = await withProjects(7);
    const whole = (await page(caller, '')).items.map(({ id }) => id);
    expect(await walk(caller, 1)).toEqual(whole);
    expect(await walk(caller, 3)).toEqual(whole);
  });

  it('neither repeats nor leaves out what was there, while rows are added', async () => {
    const { caller, ids } = await withProjects(9);
    let added = 0;
    const walked = await walk(caller, 2, () => caller.post('/projects', { id: `new-${String(added++)}`, name: 'new' }));
    expect(walked.filter((id) => id.startsWith('p-')).sort()).toEqual([...ids].sort());
    expect(new Set(walked).size).toBe(walked.length);
  });

  it('goes on where it was although the row it stopped at is gone', async () => {
    const { caller, ids } = await withProjects(5);
    const first = await page(caller, 'limit=2');
    await caller.delete(`/projects/${String(first.items[1]?.id)}`);
    const rest = await page(caller, `limit=200&cursor=${String(first.next_cursor)}`);
    expect([...first.items, ...rest.items].map(({ id }) => id).sort()).toEqual([...ids].sort());
  });

  it('has at most 50 rows when no limit is given', async () => {
    const { caller } = await withProjects(51);
    const first = await page(caller, '');
    expect(first.items).toHaveLength(50);
    expect(first.next_cursor).not.toBeNull();
  });

  it.each(['0', '201', '-1', '1.5', 'ten', '1e2', ''])('refuses the limit "%s" by name', async (limit) => {
    const { status, body } = await api.caller().get(`/projects?limit=${limit}`);
    expect([status, body.code, (body.issues as { path: string }[])[0]?.path]).toEqual([400, 'bad_request', 'limit']);
  });

  it.each([
    ['text', 'nonsense'],
    ['empty', ''],
    ['another JSON', Buffer.from('{"a":1}').toString('base64url')],
    ['a time beyond all dates', Buffer.from('[1e300,"a"]').toString('base64url')],
    ['a time before all', Buffer.from('[-1,"a"]').toString('base64url')],
    ['an impossible id', Buffer.from('[1,"\\u0000"]').toString('base64url')],
  ])('refuses a cursor that is %s by name', async (_, cursor) => {
    const { status, body } = await api.caller().get(`/projects?cursor=${cursor}`);
    expect([status, body.code, (body.issues as { path: string }[])[0]?.path]).toEqual([400, 'bad_request', 'cursor']);
  });

  it('refuses a parameter that is given twice', async () => {
    const { status, body } = await api.caller().get('/projects?limit=1&limit=2');
    expect([status, (body.issues as { path: string }[])[0]?.path]).toEqual([400, 'limit']);
  });

  it('takes the latest time that a cursor may hold', async () => {
    const { caller } = await withProjects(1);
    const cursor = Buffer.from('[253402300799999,"z"]').toString('base64url');
    expect((await page(caller, `cursor=${cursor}`)).items).toHaveLength(1);
  });
});
