import { describe, expect, it } from '@jest/globals';
import { watchSlowConsumers } from '../../src/gateways/slow-consumers.js';
import { Member, type Backlog, type Wire } from '../../src/rooms/member.js';
import { createManualClock } from '../ops/manual-clock.js';
import { caller } from '../rooms/callers.js';

const MIB = 1024 * 1024;

function watched() {
  const clock = createManualClock();
  const members = new Set<Member>();
  const ended: string[] = [];
  const dropped: Backlog[] = [];

  /** @returns sets its backlog */
  function add(id: string): (backlog: Partial<Backlog>) => void {
    let backlog: Backlog = { packets: 0, bytes: 0 };
    const wire: Wire = {
      write() {},
      notify() {},
      backlog: () => backlog,
      drained: () => Promise.resolve(),
      close(reason, kicked) {
        ended.push(`${id}: ${reason}${kicked ? ', not to return' : ''}`);
        members.delete(member);
      },
    };
    const member = new Member(id, caller(id), wire, { offset: 0, epoch: 'e' });
    members.add(member);
    return (given) => (backlog = { packets: 0, bytes: 0, ...given });
  }

  const stop = watchSlowConsumers({ members, clock, dropped: (_member, backlog) => void dropped.push(backlog) });
  return { clock, add, ended, dropped, stop };
}

describe('P9: a connection', () => {
  it.each([
    ['more packets than a moment brings', { packets: 8_193 }],
    ['more bytes than it is worth', { packets: 2, bytes: 4 * MIB + 1 }],
  ])('with %s is let to come back, within a second', (_what, backlog) => {
    const { clock, add, ended, dropped } = watched();
    add('ada')(backlog);
    clock.pass(1_000);
    expect(ended).toEqual(['ada: slow consumer']);
    expect(dropped).toMatchObject([backlog]);
  });

  it('that is behind twice in a row is let to come back', () => {
    const { clock, add, ended } = watched();
    add('ada')({ packets: 1_025 });
    clock.pass(1_000);
    expect(ended).toEqual([]);
    clock.pass(1_000);
    expect(ended).toEqual(['ada: slow consumer']);
  });

  it('that is behind now and then stays', () => {
    const { clock, add, ended } = watched();
    const has = add('ada');
    for (let turn = 0; turn < 10; turn++) {
      has({ packets: turn % 2 ? 1_025 : 1_024 });
      clock.pass(1_000);
    }
    expect(ended).toEqual([]);
  });

  it('that has much to write, but not too much, stays', () => {
    const { clock, add, ended } = watched();
    add('ada')({ packets: 1_024, bytes: 4 * MIB });
    clock.pass(10_000);
    expect(ended).toEqual([]);
  });

  it('that keeps up is not touched when another does not', () => {
    const { clock, add, ended } = watched();
    for (const id of ['ada', 'bob', 'eve']) add(id)({ packets: id === 'bob' ? 9_000 : 0 });
    clock.pass(5_000);
    expect(ended).toEqual(['bob: slow consumer']);
  });

  it('is not looked at any more once the watching was stopped', () => {
    const { clock, add, ended, stop } = watched();
    add('ada')({ packets: 9_000 });
    stop();
    clock.pass(5_000);
    expect([ended, clock.waiting]).toEqual([[], 0]);
  });
});
