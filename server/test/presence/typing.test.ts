import { describe, expect, it } from '@jest/globals';
import { parseRoom, roomKinds } from '@roomcast/protocol';
import { createTyping, typingPlace } from '../../src/presence/typing.js';
import { createManualClock } from '../ops/manual-clock.js';

const ROOM = 'conversation:7';

function begin() {
  const clock = createManualClock();
  const told: string[] = [];
  const typing = createTyping({
    clock,
    tell(tenant, { user_id, room, is_typing, is_ai }, except) {
      const who = `${user_id}${is_ai ? ' (agent)' : ''} in ${tenant}/${room}`;
      told.push(`${clock.now()}: ${who} ${is_typing ? 'types' : 'stops'}, not to ${String(except)}`);
    },
  });
  const device = (id: string, userId = 'ada') => ({ id, principal: { tenant: 'acme', userId, name: null } });
  return { clock, told, typing, device };
}

const agent = { user_id: 'socratic', name: 'Socratic', is_ai: true };

describe('somebody who types', () => {
  it('is told to the room at once, but not to the connection, and so is the end', () => {
    const { clock, told, typing, device } = begin();
    typing.start(device('one'), ROOM);
    clock.pass(300);
    typing.end(device('one'), ROOM);
    expect(told).toEqual([
      '0: ada in acme/conversation:7 types, not to one',
      '300: ada in acme/conversation:7 stops, not to one',
    ]);
    clock.pass(60_000);
    expect([told.length, clock.waiting]).toEqual([2, 0]);
  });

  it('has ended after 5 s without a repeat', () => {
    const { clock, told, typing, device } = begin();
    typing.start(device('one'), ROOM);
    clock.pass(4_000);
    typing.start(device('one'), ROOM);
    clock.pass(4_999);
    expect(told.filter((line) => line.includes('stops'))).toEqual([]);
    clock.pass(1);
    expect(told.at(-1)).toBe('9000: ada in acme/conversation:7 stops, not to one');
    clock.pass(60_000);
    expect(clock.waiting).toBe(0);
  });

  it('is told at most every 2 s, however often it is repeated', () => {
    const { clock, told, typing, device } = begin();
    for (let n = 0; n < 100; n++) {
      typing.start(device('one'), ROOM);
      clock.pass(50);
    }
    expect(told.map((line) => line.split(':')[0])).toEqual(['0', '2000', '4000']);
    typing.stop();
    expect(clock.waiting).toBe(0);
  });

  it('that goes on and off is told on at most every 2 s, and never stays on', () => {
    const { clock, told, typing, device } = begin();
    for (let n = 0; n < 60; n++) {
      typing.start(device('one'), ROOM);
      clock.pass(50);
      typing.end(device('one'), ROOM);
      clock.pass(50);
    }
    expect(told.map((line) => /^\d+|types|stops/g[Symbol.match](line)?.join(' '))).toEqual([
      '0 types',
      '50 stops',
      '2000 types',
      '2050 stops',
      '4000 types',
      '4050 stops',
    ]);
  });

  it('again soon after an end is told when 2 s are over, if they type still', () => {
    const { clock, told, typing, device } = begin();
    typing.start(device('one'), ROOM);
    typing.end(device('one'), ROOM);
    clock.pass(500);
    typing.start(device('one'), ROOM);
    expect(told).toHaveLength(2);
    clock.pass(1_500);
    expect(told.at(-1)).toBe('2000: ada in acme/conversation:7 types, not to one');
    clock.pass(3_500);
    expect(told.at(-1)).toBe('5500: ada in acme/conversation:7 stops, not to one');
  });

  it('on two devices types until both have ended', () => {
    const { clock, told, typing, device } = begin();
    typing.start(device('one'), ROOM);
    clock.pass(1_000);
    typing.start(device('two'), ROOM);
    typing.end(device('one'), ROOM);
    expect(told).toHaveLength(1);
    clock.pass(5_000);
    expect(told).toEqual([
      '0: ada in acme/conversation:7 types, not to one',
      '6000: ada in acme/conversation:7 stops, not to two',
    ]);
  });

  it('is another one for each room and user', () => {
    const { told, typing, device } = begin();
    typing.start(device('one'), ROOM);
    typing.start(device('one'), 'session:1');
    typing.start(device('two', 'bob'), ROOM);
    typing.end(device('two', 'bob'), 'session:1');
    expect(told).toHaveLength(3);
    typing.stop();
  });
});

describe('an agent that works', () => {
  it('is told to everybody until it is done, again for those who come later', () => {
    const { clock, told, typing } = begin();
    typing.agent('acme', ROOM, agent, true);
    typing.agent('acme', ROOM, agent, true);
    clock.pass(9_000);
    typing.agent('acme', ROOM, agent, false);
    typing.agent('acme', ROOM, agent, false);
    expect(told.map((line) => line.replace('socratic (agent) in acme/conversation:7', 'it'))).toEqual([
      '0: it types, not to null',
      '4000: it types, not to null',
      '8000: it types, not to null',
      '9000: it stops, not to null',
    ]);
    clock.pass(60_000);
    expect([told.length, clock.waiting]).toEqual([4, 0]);
  });

  it('is told as often as it begins', () => {
    const { told, typing } = begin();
    for (let n = 0; n < 3; n++) for (const on of [true, false]) typing.agent('acme', ROOM, agent, on);
    expect(told).toHaveLength(6);
  });
});

describe('people type', () => {
  const kinds = [...roomKinds, { kind: 'shop', stream: 'own' as const, single: false, summary: '' }];
  const placeOf = (room: string) => typingPlace(parseRoom(room, kinds)!);

  it.each(['session:1', 'conversation:1', 'shop:1'])('in %s', (room) => {
    expect(placeOf(room)).toBe(room);
  });

  it.each(['global', 'project:1', 'workflow:1', 'agent:1', 'user:ada'])('not in %s', (room) => {
    expect(() => placeOf(room)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  });
});
