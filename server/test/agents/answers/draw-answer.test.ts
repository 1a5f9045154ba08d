import { describe, expect, it } from '@jest/globals';
import type { AgentDefinition, Question } from '../../../src/agents/agent.js';
import { drawAnswer, type Stop } from '../../../src/agents/answers/draw-answer.js';
import { createManualClock } from '../../ops/manual-clock.js';

const said = { id: 'q', sender_id: 'ada', sender_name: 'Ada', role: 'user', content: 'Why?', created_at: '' } as const;
const question = {
  tenant: 'acme',
  room: 'session:1',
  agent_id: 'a',
  history: [],
  message: said,
  instructions: [],
};

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const never = () => new Promise<never>(() => {});

function draw(respond: AgentDefinition['respond']) {
  const clock = createManualClock();
  const stop = new AbortController();
  let text = '';
  const ending = drawAnswer(
    { clock, silenceMs: 1_000 },
    { id: 'a', name: 'A', respond },
    question,
    (piece) => (text += piece).length,
    stop.signal,
  );
  return { clock, ending, stop: (how: Stop) => stop.abort(how), text: () => text };
}

describe('an answer', () => {
  it('is complete when its agent has ended, and leaves no timer', async () => {
    const { ending, text, clock } = draw(async function* () {
      yield 'be';
      yield '';
      yield 'cause';
    });
    expect(await ending).toEqual({ status: 'complete' });
    expect(text()).toBe('because');
    expect(clock.waiting).toBe(0);
  });

  it.each<Stop>(['cancelled', 'interrupted'])(
    'that is %s ends at once, also of an agent that does not listen',
    async (how) => {
      const { ending, stop, text, clock } = draw(async function* () {
        yield 'be';
        await never();
      });
      await turn();
      stop(how);
      expect(await ending).toEqual({ status: how });
      expect(text()).toBe('be');
      expect(clock.waiting).toBe(0);
    },
  );

  it('tells its agent that it was stopped', async () => {
    let aborted = false;
    const { ending, stop } = draw(async function* ({ signal }: Question) {
      yield 'be';
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('left'))));
    });
    const other = draw(async function* ({ signal }: Question) {
      signal.addEventListener('abort', () => (aborted = true));
      yield 'be';
      await never();
    });
    await turn();
    stop('cancelled');
    other.stop('cancelled');
    expect([await ending, await other.ending]).toEqual([{ status: 'cancelled' }, { status: 'cancelled' }]);
    expect(aborted).toBe(true);
  });

  it('is given up when its agent says nothing for too long; an empty piece is a sign of life', async () => {
    let release = () => {};
    const { ending, clock, text } = draw(async function* () {
      yield 'be';
      await new Promise<void>((resolve) => (release = resolve));
      yield '';
      await never();
    });
    await turn();
    clock.pass(900);
    release();
    await turn();
    clock.pass(900);
    await turn();
    expect(text()).toBe('be');
    clock.pass(100);
    expect(await ending).toMatchObject({
      status: 'failed',
      sentence: expect.stringContaining('nothing for a second'),
    });
  });

  it('is ended when it takes ten minutes, or gets too long', async () => {
    const slow = draw(async function* () {
      for (;;) {
        yield '';
        await turn();
      }
    });
    for (let step = 0; step <= 1_000; step++) {
      await turn();
      slow.clock.pass(600);
    }
    expect(await slow.ending).toMatchObject({ status: 'failed', sentence: expect.stringContaining('too long') });
    const long = draw(async function* () {
      for (;;) yield 'x'.repeat(10_000);
    });
    expect(await long.ending).toMatchObject({ status: 'failed', sentence: expect.stringContaining('50000') });
  });

  it('fails with what its agent throws, at whatever moment', async () => {
    const thrown = new Error('no');
    const later = draw(async function* () {
      yield 'be';
      throw thrown;
    });
    const first = draw(() => {
      throw thrown;
    });
    expect(await later.ending).toEqual({ status: 'failed', thrown });
    expect(await first.ending).toEqual({ status: 'failed', thrown });
    expect(later.text()).toBe('be');
  });
});
