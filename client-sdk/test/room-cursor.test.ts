// Decisions of the room cursor that random schedules meet rarely, or never with a server that keeps its word.
import { describe, expect, it } from '@jest/globals';
import type { Envelope } from '@roomcast/client';
import { RoomCursor, type Step } from '../src/room-cursor.js';
import type { Entered } from '../src/wire.js';

function cursorWithSteps() {
  const steps: Step[] = [];
  return { steps, cursor: new RoomCursor((step) => steps.push(step)) };
}

function event(offset: number, ...rooms: string[]): Envelope {
  const timestamp = '2026-01-01T00:00:00.000Z';
  return { id: `e${offset}`, event: 'thing.happened', version: 1, rooms, stream: 's', offset, data: {}, timestamp };
}

function entered(room: string, offset: number, more: Partial<Entered> = {}): Entered {
  return { room, status: 'success', stream: 's', offset, epoch: 'one', recovered: true, has_more: false, ...more };
}

/** Asks for what is wanted, and answers it. */
function answer(cursor: RoomCursor, ...results: Entered[]) {
  const ask = cursor.ask()!;
  cursor.answered(ask, results);
  return ask.items;
}

const offsets = (steps: readonly Step[]) =>
  steps.flatMap((step) => (step.type === 'event' ? step.envelope.offset : []));

describe('the room cursor', () => {
  it('drops an event at or below the position of its stream', () => {
    const { cursor, steps } = cursorWithSteps();
    cursor.want('a', {});
    answer(cursor, entered('a', 5));
    for (const offset of [5, 6, 6, 4, 7]) cursor.event(event(offset, 'a'));
    expect(offsets(steps)).toEqual([6, 7]);
  });

  it('hands an event that is not logged to the rooms that are joined, and moves nothing', () => {
    const { cursor, steps } = cursorWithSteps();
    cursor.want('a', {});
    answer(cursor, entered('a', 5));
    cursor.event({ ...event(0, 'a', 'b'), stream: undefined, offset: undefined });
    expect(steps.at(-1)).toMatchObject({ type: 'event', rooms: [{ room: 'a' }] });
    expect(cursor.position('a')).toEqual({ offset: 5, epoch: 'one' });
  });

  it('knows nothing of events of rooms that were not asked for', () => {
    const { cursor, steps } = cursorWithSteps();
    cursor.event(event(1, 'own'));
    expect(steps).toEqual([]);
  });

  it('skips what a snapshot holds that is further than the node that was entered', () => {
    const { cursor, steps } = cursorWithSteps();
    cursor.want('b', {});
    answer(cursor, entered('b', 5));
    cursor.want('a', { position: { offset: 8, epoch: 'one' } });
    answer(cursor, entered('a', 6));
    for (const offset of [7, 8, 9]) cursor.event(event(offset, 'a'));
    expect(offsets(steps)).toEqual([9]);
  });

  it('takes another life of the log in one room for one in all rooms of its stream that come back', () => {
    const { cursor, steps } = cursorWithSteps();
    cursor.want('a', { position: { offset: 3, epoch: 'one', last_id: 'of another e3' } });
    cursor.want('b', { position: { offset: 3, epoch: 'one' } });
    answer(
      cursor,
      entered('a', 9, { epoch: 'two', recovered: false, reason: 'epoch_changed' }),
      entered('b', 9, { epoch: 'two', events: [event(4, 'b')] }),
    );
    expect(offsets(steps)).toEqual([]);
    expect(steps.at(-1)).toMatchObject({ type: 'reset', rooms: ['a', 'b'], reason: 'epoch_changed' });
  });

  it('tells of a break only when the room is joined, so that nothing falls between', () => {
    const { cursor, steps } = cursorWithSteps();
    cursor.want('a', { position: { offset: 1, epoch: 'one' } });
    cursor.want('b', { position: { offset: 7, epoch: 'one' } });
    answer(
      cursor,
      entered('a', 9, { has_more: true, recovered: false, reason: 'truncated' }),
      entered('b', 9, { has_more: true, events: [event(8, 'b'), event(9, 'b')] }),
    );
    expect(steps.map(({ type }) => type)).toEqual(['event', 'event']);
    const items = answer(cursor, entered('a', 12), entered('b', 12, { events: [event(11, 'b')] }));
    expect(items).toMatchObject([{ room: 'a' }, { room: 'b', offset: 9, epoch: 'one' }]);
    expect(items[0]).not.toHaveProperty('offset');
    expect(steps.at(-1)).toMatchObject({ type: 'reset', rooms: ['a'], reason: 'truncated' });
  });

  it('still tells of a break when the connection is lost before', () => {
    const { cursor, steps } = cursorWithSteps();
    cursor.want('a', { position: { offset: 1, epoch: 'one' } });
    answer(cursor, entered('a', 9, { has_more: true, recovered: false, reason: 'truncated' }));
    cursor.disconnected();
    cursor.connected();
    answer(cursor, entered('a', 12));
    expect(steps.at(-1)).toMatchObject({ type: 'reset', rooms: ['a'], reason: 'truncated' });
  });

  it('begins no page before the place where a room is', () => {
    const { cursor } = cursorWithSteps();
    cursor.want('a', { position: { offset: 1, epoch: 'one' } });
    cursor.want('b', { position: { offset: 9, epoch: 'one' } });
    answer(cursor, entered('a', 5, { has_more: true }), entered('b', 5, { has_more: true }));
    expect(cursor.ask()?.items).toMatchObject([{ offset: 5 }, { offset: 9 }]);
  });

  it('merges what several rooms of a stream are given, and moves each before its event', () => {
    const positions: unknown[] = [];
    const cursor: RoomCursor = new RoomCursor((step) => {
      if (step.type === 'event')
        positions.push([step.envelope.offset, ...step.rooms.map(({ room }) => cursor.position(room))]);
    });
    cursor.want('a', { position: { offset: 1, epoch: 'one' } });
    cursor.want('b', { position: { offset: 1, epoch: 'one' } });
    const both = event(3, 'a', 'b');
    answer(
      cursor,
      entered('a', 9, { events: [event(2, 'a'), both] }),
      entered('b', 9, { events: [both, event(4, 'b')] }),
    );
    const at = (offset: number) => ({ offset, epoch: 'one', last_id: `e${offset}` });
    expect(positions).toEqual([
      [2, at(2)],
      [3, at(3), at(3)],
      [4, at(4)],
    ]);
    expect(cursor.position('a')).toEqual({ offset: 9, epoch: 'one' });
  });
});
