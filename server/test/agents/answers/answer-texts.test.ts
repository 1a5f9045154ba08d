import { describe, expect, it } from '@jest/globals';
import { createAnswerTexts, type AnswerDelta } from '../../../src/agents/answers/answer-texts.js';
import type { LogRow } from '../../../src/events/log-row.js';
import { createManualClock } from '../../ops/manual-clock.js';

const room = 'session:1';
const said = (at: number, text: string, more: Partial<AnswerDelta> = {}): AnswerDelta => {
  return { tenant: 'acme', room, message_id: 'm1', agent_id: 'context', attempt: 1, at, text, ...more };
};

function makeTexts() {
  const clock = createManualClock();
  const sent: AnswerDelta[] = [];
  const asked: string[] = [];
  const texts = createAnswerTexts({
    clock,
    send: (delta) => sent.push(delta),
    askForWhole: (messageId) => asked.push(messageId),
  });
  return { clock, sent, asked, texts };
}

function created(messageId: string, stream = `acme/${room}`): LogRow {
  const data = JSON.stringify({ message: { id: messageId, role: 'agent', agent_id: 'context' } });
  const place = { stream, offset: 1, id: 'e', prev: null, version: 1, key: null, ends: null, at: '' };
  return { ...place, event: 'message.created', rooms: [room], data };
}

describe('the texts of answers in the making', () => {
  it('tell members what is new, and whoever enters all of it', () => {
    const { texts, sent } = makeTexts();
    texts.receive(said(0, 'Hello'));
    texts.receive(said(3, 'lo, you'));
    expect(sent).toEqual([said(0, 'Hello'), said(5, ', you')]);
    expect(texts.inRoom('acme', room)).toEqual([said(0, 'Hello, you')]);
  });

  it('are of one room of one tenant', () => {
    const { texts } = makeTexts();
    texts.receive(said(0, 'Hello'));
    texts.receive(said(0, 'Hi', { tenant: 'other', message_id: 'm2' }));
    expect(texts.inRoom('acme', 'session:2')).toEqual([]);
    expect(texts.inRoom('other', room)).toEqual([said(0, 'Hi', { tenant: 'other', message_id: 'm2' })]);
  });

  it('end with their message; what comes later of them is dropped', () => {
    const { texts, sent } = makeTexts();
    texts.receive(said(0, 'Hello'));
    texts.emitted(created('another'));
    expect(texts.inRoom('acme', room)).toHaveLength(1);
    texts.emitted(created('m1', `other/${room}`));
    expect(texts.inRoom('acme', room)).toHaveLength(1);
    texts.emitted(created('m1'));
    texts.receive(said(5, ', you'));
    texts.receive(said(0, 'Hello'));
    expect(texts.inRoom('acme', room)).toEqual([]);
    expect(sent).toHaveLength(1);
  });

  it('do not begin after their message, where that was faster', () => {
    const { texts, sent } = makeTexts();
    texts.emitted(created('m1'));
    texts.receive(said(0, 'Hello'));
    expect(texts.inRoom('acme', room)).toEqual([]);
    expect(sent).toEqual([]);
  });

  it('ask for the whole once when something is missing, and again when that does not come', () => {
    const { texts, sent, asked, clock } = makeTexts();
    texts.receive(said(0, 'ab'));
    texts.receive(said(4, 'ef'));
    texts.receive(said(6, 'gh'));
    expect(asked).toEqual(['m1']);
    clock.pass(1_000);
    texts.receive(said(8, 'ij'));
    expect(asked).toEqual(['m1', 'm1']);
    texts.receive(said(0, 'abcdefghij'));
    expect(sent).toEqual([said(0, 'ab'), said(2, 'cdefghij')]);
    texts.receive(said(11, 'x'));
    expect(asked).toHaveLength(3);
  });

  it('are kept while their owner gives a sign, and forgotten 15 s after the last', () => {
    const { texts, clock } = makeTexts();
    const stop = texts.start();
    texts.receive(said(0, 'Hello'));
    for (let seconds = 0; seconds < 60; seconds += 5) {
      clock.pass(5_000);
      texts.receive(said(5, ''));
    }
    expect(texts.inRoom('acme', room)).toHaveLength(1);
    clock.pass(25_000);
    expect(texts.inRoom('acme', room)).toEqual([]);
    stop();
    expect(clock.waiting).toBe(0);
  });
});
