import { describe, expect, it } from '@jest/globals';
import { RoomcastError } from '@roomcast/protocol';
import fc from 'fast-check';
import { createAdmission } from '../../src/rooms/admission.js';
import type { Principal } from '../../src/identity/principal.js';
import { caller } from './callers.js';

const ada = caller('ada');
const bob = caller('bob');

interface Places {
  maxConnections?: number;
  maxPerUser?: number | null;
}

function admitting({ maxConnections = 10, maxPerUser = 2 }: Places = {}) {
  const refusals: string[] = [];
  const { enter } = createAdmission({
    maxConnections,
    maxPerUser,
    refused: (setting, { userId }) => void refusals.push(`${setting} ${userId}`),
  });
  /** @returns how to leave, or the error */
  const tryEntering = (principal: Principal) => {
    try {
      return enter(principal);
    } catch (error) {
      if (error instanceof RoomcastError) return error;
      throw error;
    }
  };
  return { enter, tryEntering, refusals };
}

describe('admission', () => {
  it('gives a user so many places, and each tenant’s user their own', () => {
    const { enter, tryEntering, refusals } = admitting();
    enter(ada);
    enter(ada);
    expect(tryEntering(ada)).toMatchObject({ code: 'connection_limit', message: expect.stringContaining('2') });
    enter(bob);
    enter(caller('ada', { tenant: 'globex' }));
    expect(refusals).toEqual(['MAX_CONNECTIONS_PER_USER ada']);
  });

  it('gives a place again that was given back, once', () => {
    const { enter, tryEntering } = admitting();
    const leave = enter(ada);
    enter(ada);
    leave();
    leave();
    leave();
    enter(ada);
    expect(tryEntering(ada)).toMatchObject({ code: 'connection_limit' });
  });

  it('refuses everybody where the node is full, and says when to come again', () => {
    const { enter, tryEntering, refusals } = admitting({ maxConnections: 2 });
    const leave = enter(ada);
    enter(bob);
    expect(tryEntering(caller('eve'))).toMatchObject({ code: 'overloaded', retryAfterMs: expect.any(Number) });
    expect(refusals).toEqual(['MAX_CONNECTIONS eve']);
    leave();
    enter(caller('eve'));
  });

  it('knows no limit of a user where none is set', () => {
    const { tryEntering } = admitting({ maxConnections: 1_000, maxPerUser: null });
    expect(Array.from({ length: 1_000 }, () => tryEntering(ada)).filter((one) => one instanceof Error)).toEqual([]);
  });

  it('has exactly the places that are free, however connections come and go', () => {
    const users = [ada, bob, caller('eve')];
    const step = fc.record({ user: fc.nat(2), leaves: fc.option(fc.nat(5)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { tryEntering } = admitting({ maxConnections: 5, maxPerUser: 2 });
        const inside: { user: number; leave: () => void }[] = [];
        for (const { user, leaves } of steps) {
          if (leaves !== null) {
            for (const { leave } of inside.splice(leaves, 1)) leave();
            continue;
          }
          const own = inside.filter((one) => one.user === user).length;
          const entered = tryEntering(users[user]!);
          if (inside.length >= 5) expect(entered).toMatchObject({ code: 'overloaded' });
          else if (own >= 2) expect(entered).toMatchObject({ code: 'connection_limit' });
          else inside.push({ user, leave: entered as () => void });
        }
      }),
    );
  });
});
