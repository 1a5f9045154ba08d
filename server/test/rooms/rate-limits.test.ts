import { describe, expect, it } from '@jest/globals';
import { RoomcastError } from '@roomcast/protocol';
import fc from 'fast-check';
import { createRateLimits, type Kind } from '../../src/rooms/rate-limits.js';
import type { Principal } from '../../src/identity/principal.js';
import { createManualClock } from '../ops/manual-clock.js';
import { caller } from './callers.js';

const ada = caller('ada');

interface Rates {
  messageRate?: number;
  commandRate?: number;
  publishRate?: number | null;
}

function limited({ messageRate = 10, commandRate = 20, publishRate = 2_000 }: Rates = {}) {
  const clock = createManualClock(1_234.567);
  const refusals: string[] = [];
  const limits = createRateLimits({
    clock,
    messageRate,
    commandRate,
    publishRate,
    refused: (setting, { userId }) => void refusals.push(`${setting} ${userId}`),
  });
  /** @returns undefined when it was taken, else the milliseconds to wait */
  const wait = (principal: Principal = ada, kind: Kind = 'command', cost?: number): number | undefined => {
    try {
      limits.take(principal, kind, cost);
      return undefined;
    } catch (error) {
      if (!(error instanceof RoomcastError) || error.code !== 'rate_limited') throw error;
      return error.retryAfterMs;
    }
  };
  const taken = (times: number, principal?: Principal, kind?: Kind): number =>
    Array.from({ length: times }, () => wait(principal, kind)).filter((ms) => ms === undefined).length;
  return { clock, refusals, limits, wait, taken };
}

describe('the rate limits', () => {
  it('take three seconds of the rate at once, then the rate', () => {
    const { clock, taken } = limited();
    expect(taken(100)).toBe(60);
    clock.pass(1_000);
    expect(taken(100)).toBe(20);
    clock.pass(60_000);
    expect(taken(100)).toBe(60);
  });

  it('take 20 signs of typing a second for nothing; more are commands, and are refused in silence', () => {
    const { clock, limits, taken, refusals } = limited();
    const typed = (times: number) => Array.from({ length: times }, () => limits.takeTyping(ada)).filter(Boolean).length;
    expect(typed(20)).toBe(20);
    expect(taken(10)).toBe(10);
    expect(typed(100)).toBe(50);
    expect([taken(1), new Set(refusals)]).toEqual([0, new Set(['COMMAND_RATE ada'])]);
    clock.pass(1_000);
    expect([typed(20), taken(20)]).toEqual([20, 20]);
  });

  it('count messages and commands apart', () => {
    const { taken } = limited();
    expect(taken(100, ada, 'command')).toBe(60);
    expect(taken(100, ada, 'message')).toBe(30);
  });

  it('count each user of each tenant apart', () => {
    const { taken } = limited();
    expect(taken(100)).toBe(60);
    expect(taken(100, caller('bob'))).toBe(60);
    expect(taken(100, caller('ada', { tenant: 'globex' }))).toBe(60);
    expect(taken(100, caller('ada'))).toBe(0);
  });

  it.each([
    ['publishers', caller('bot', { roles: ['publisher'] })],
    ['admins', caller('boss', { roles: ['admin'] })],
    ['keys without a role', caller('key-1', { keyId: 'key-1' })],
  ])('give %s the publish rate, one second of it at once, whatever they ask for', (_who, principal) => {
    const { clock, taken } = limited({ publishRate: 100 });
    expect(taken(80, principal, 'command') + taken(80, principal, 'message')).toBe(100);
    clock.pass(500);
    expect(taken(100, principal)).toBe(50);
  });

  it('let publishers do as they like where no publish rate is set', () => {
    const { taken, refusals } = limited({ publishRate: null });
    expect(taken(10_000, caller('bot', { roles: ['publisher'] }))).toBe(10_000);
    expect(refusals).toEqual([]);
  });

  it('count a batch as its events', () => {
    const { wait, taken } = limited();
    expect(wait(ada, 'command', 55)).toBeUndefined();
    expect(wait(ada, 'command', 6)).toBe(50);
    expect(taken(10)).toBe(5);
  });

  it('take a batch that is larger than the burst when nothing else was asked for, and then nothing for as long', () => {
    const bot = caller('bot', { roles: ['publisher'] });
    const { clock, wait } = limited({ publishRate: 100 });
    expect(wait(bot, 'command', 500)).toBeUndefined();
    expect(wait(bot, 'command', 1)).toBe(4_010);
    clock.pass(4_010);
    expect(wait(bot, 'command', 1)).toBeUndefined();
    expect(wait(bot, 'command', 500)).toBe(1_000);
    clock.pass(1_000);
    expect(wait(bot, 'command', 500)).toBeUndefined();
  });

  it('tell of every refusal with the name of the setting', () => {
    const bot = caller('bot', { roles: ['publisher'] });
    const { taken, refusals } = limited({ messageRate: 1, commandRate: 1, publishRate: 1 });
    taken(4, ada, 'command');
    taken(5, ada, 'message');
    taken(2, bot);
    expect(refusals).toEqual(['COMMAND_RATE ada', 'MESSAGE_RATE ada', 'MESSAGE_RATE ada', 'PUBLISH_RATE bot']);
  });

  it('take again exactly what they said they would take after the time that they named', () => {
    const ask = fc.record({ pass: fc.nat(2_000), cost: fc.integer({ min: 1, max: 100 }) });
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 50 }), fc.integer({ min: 1, max: 500 }), (asks, commandRate) => {
        const { clock, wait } = limited({ commandRate });
        for (const { pass, cost } of asks) {
          clock.pass(pass / 7);
          const ms = wait(ada, 'command', cost);
          if (ms === undefined) continue;
          expect(ms).toBeGreaterThan(0);
          clock.pass(ms);
          expect(wait(ada, 'command', cost)).toBeUndefined();
        }
      }),
    );
  });

  it('never take more in any time than a burst and the rate allow', () => {
    const ask = fc.record({ pass: fc.nat(500), times: fc.nat(80) });
    fc.assert(
      fc.property(fc.array(ask, { maxLength: 60 }), fc.integer({ min: 1, max: 50 }), (asks, commandRate) => {
        const { clock, taken } = limited({ commandRate });
        const history = asks.map(({ pass, times }) => {
          clock.pass(pass);
          return { at: clock.now(), taken: taken(times) };
        });
        history.forEach(({ at: since }, first) => {
          let sum = 0;
          for (const { at, taken: some } of history.slice(first)) {
            sum += some;
            expect(sum).toBeLessThanOrEqual(commandRate * 3 + ((at - since) / 1_000) * commandRate + 1e-6);
          }
        });
      }),
    );
  });

  it('forget who is quiet, and nobody who is not', () => {
    const { clock, limits, taken } = limited({ commandRate: 1, publishRate: 1 });
    const stop = limits.start();
    taken(3);
    clock.pass(60_000);
    expect(taken(10)).toBe(3);
    clock.pass(500);
    expect(taken(10)).toBe(0);
    stop();
    expect(clock.waiting).toBe(0);
  });
});
