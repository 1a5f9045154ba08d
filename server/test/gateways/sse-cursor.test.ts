// The cursor of server-sent events: what was written into it is read out of it, and it is short.
import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { MovingCursor, readCursor } from '../../src/gateways/sse/cursor.js';

describe('a cursor', () => {
  it('holds the position of every stream, also where some are already in another life of the log', () => {
    const cursor = new MovingCursor();
    const ids = [randomUUID(), randomUUID()];
    cursor.move('tenant', { epoch: 'e1', offset: 17, lastId: ids[0]! });
    cursor.move('user:ada', { epoch: 'e2', offset: 0, lastId: null });
    cursor.move('session:s', { epoch: 'e1', offset: Number.MAX_SAFE_INTEGER - 1, lastId: ids[0]! });
    cursor.pass('session:s', Number.MAX_SAFE_INTEGER, ids[1]!);
    const of = readCursor(cursor.toString());
    expect(of?.('tenant')).toEqual({ epoch: 'e1', offset: 17, lastId: ids[0] });
    expect(of?.('user:ada')).toEqual({ epoch: 'e2', offset: 0, lastId: undefined });
    expect(of?.('session:s')).toEqual({ epoch: 'e1', offset: Number.MAX_SAFE_INTEGER, lastId: ids[1] });
    expect(of?.('user:bob')).toBeUndefined();
  });

  it('of a hundred streams fits into a header', () => {
    const cursor = new MovingCursor();
    for (let n = 0; n < 100; n++) {
      cursor.move(`session:${randomUUID()}`, { epoch: '0123456789ab', offset: 100_000 + n, lastId: randomUUID() });
    }
    expect(cursor.toString().length).toBeLessThan(4_096);
    expect(cursor.toString()).toMatch(/^[\w.~-]+$/);
  });

  it.each([
    '',
    '1',
    '1~',
    '1~epoch',
    '2~epoch.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1',
    '1~epoch.AAAAAAAA',
    '1~e.'.padEnd(60, 'z'),
  ])('is not %j', (text) => expect(readCursor(text)).toBeNull());
});
