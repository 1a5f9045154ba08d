import { describe, expect, it } from '@jest/globals';
import type { Page } from '../../src/events/event-log.js';
import type { LogRow } from '../../src/events/log-row.js';
import { currentValues, unrecovered, type Claim } from '../../src/rooms/continuity.js';

const page = (given: Partial<Page> = {}): Page => ({
  head: 10,
  low: 1,
  lastId: 'id-10',
  epoch: 'now',
  rows: [],
  full: false,
  idAt: new Map(),
  values: [],
  ...given,
});

const claim = (offset: number, given: Partial<Claim> = {}): Claim => ({
  offset,
  epoch: 'now',
  lastId: undefined,
  at: offset,
  ...given,
});

describe('continuity from a position', () => {
  it.each([
    ['within the log', claim(5), page(), null],
    ['at its head', claim(10), page(), null],
    ['at the beginning of an empty log', claim(0), page({ head: 0, lastId: null }), null],
    ['without an epoch', claim(5, { epoch: undefined }), page(), null],
    ['right before the oldest row that is left', claim(5), page({ low: 6 }), null],
    ['at the head of a log that has nothing left', claim(10), page({ low: 11 }), null],
    ['with the id that the log has there', claim(5, { lastId: 'id-5' }), page({ idAt: new Map([[5, 'id-5']]) }), null],
    ['at 0, where no row can have an id', claim(0, { lastId: 'id-0' }), page(), null],
    [
      'with an id that was compared on an earlier page',
      claim(5, { lastId: 'id-5', at: 7 }),
      page({ idAt: new Map([[5, 'other']]) }),
      null,
    ],
    ['in another epoch', claim(5, { epoch: 'before' }), page(), 'epoch_changed'],
    ['in another epoch and beyond the head', claim(11, { epoch: 'before' }), page(), 'epoch_changed'],
    ['beyond the head', claim(11), page(), 'future_offset'],
    ['before the oldest row that is left', claim(4), page({ low: 6 }), 'truncated'],
    ['caught up to rows that were removed meanwhile', claim(9, { at: 4 }), page({ low: 6 }), 'truncated'],
    ['with another id', claim(5, { lastId: 'id-5' }), page({ idAt: new Map([[5, 'other']]) }), 'epoch_changed'],
    ['with an id that nobody can compare any more', claim(5, { lastId: 'id-5' }), page(), 'epoch_changed'],
  ])('%s', (_case, given, read, reason) => {
    expect(unrecovered(given, read)).toBe(reason);
  });
});

const value = (offset: number, key: string, given: Partial<LogRow> = {}): LogRow => ({
  stream: 't/tenant',
  offset,
  id: `id-${offset}`,
  prev: null,
  event: 'agent.status_changed',
  version: 1,
  rooms: ['global'],
  data: '{}',
  key,
  ends: null,
  at: '2026-01-01T00:00:00.000Z',
  ...given,
});
const ending = (offset: number, key: string) =>
  value(offset, '', { key: null, ends: [['agent.status_changed', key]], rooms: ['agent:a'] });
const read = (...rows: LogRow[]) => page({ values: rows.map((row) => ({ room: 'global', row })) });

describe('current values of a room', () => {
  it.each([
    ['are those of the page', read(value(3, 'a'), value(7, 'b')), [], [3, 7]],
    ['are none without a page', null, [], []],
    ['are taken from the rows after the page', null, [value(11, 'a'), value(12, 'b')], [11, 12]],
    ['are replaced by the rows after the page', read(value(3, 'a'), value(7, 'b')), [value(11, 'a')], [7, 11]],
    ['are the newest of several rows', read(), [value(11, 'a'), value(12, 'a')], [12]],
    ['end with the event that ends them, in whatever room it is', read(value(3, 'a')), [ending(11, 'a')], []],
    ['begin anew after their end', read(value(3, 'a')), [ending(11, 'a'), value(12, 'a')], [12]],
    ['are kept apart by event', read(value(3, 'a')), [value(11, 'a', { event: 'read.updated' })], [3, 11]],
    ['leave out values of other rooms', read(), [value(11, 'a', { rooms: ['agent:a'] })], []],
    ['leave out rows without a key', read(), [value(11, '', { key: null })], []],
    [
      'leave out what the page has of another room',
      page({ values: [{ room: 'agent:a', row: value(3, 'a') }] }),
      [],
      [],
    ],
  ])('%s', (_case, given, late, offsets) => {
    expect(currentValues('global', given, late).map((row) => row.offset)).toEqual(offsets);
  });
});
