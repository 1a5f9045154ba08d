import { describe, expect, it } from '@jest/globals';
import { drain } from '../../src/gateways/drain.js';
import { Member, type Wire } from '../../src/rooms/member.js';
import { createManualClock } from '../ops/manual-clock.js';
import { caller } from '../rooms/callers.js';

const MS = 10_000;

function connection(id: string, drained: Promise<void>) {
  const heard: string[] = [];
  const wire: Wire = {
    write() {},
    notify: (event) => void heard.push(event),
    backlog: () => ({ packets: 0, bytes: 0 }),
    drained: () => drained,
    close: (reason) => void heard.push(reason),
  };
  return { member: new Member(id, caller(id), wire, { offset: 0, epoch: 'e' }), heard };
}

/** Lets promises that are kept be heard of. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a node that ends', () => {
  it('closes a connection at its moment, but not before it has taken what it was told', async () => {
    const clock = createManualClock();
    let takes = () => {};
    const ready = connection('ready', Promise.resolve());
    const polling = connection('polling', new Promise((resolve) => (takes = resolve)));
    const done = drain(new Set([ready.member, polling.member]), MS, clock);
    expect([ready.heard, polling.heard]).toEqual([['session.closing'], ['session.closing']]);
    clock.pass(0.6 * MS);
    await turn();
    expect([ready.heard, polling.heard]).toEqual([['session.closing', 'drain'], ['session.closing']]);
    takes();
    await done;
    expect(polling.heard).toEqual(['session.closing', 'drain']);
  });

  it('waits for a connection that takes nothing no longer than there is time', async () => {
    const clock = createManualClock();
    const { member, heard } = connection('silent', new Promise(() => {}));
    const done = drain(new Set([member]), MS, clock);
    clock.pass(0.6 * MS);
    await turn();
    clock.pass(0.2 * MS);
    await done;
    expect(heard).toEqual(['session.closing', 'drain']);
  });
});
