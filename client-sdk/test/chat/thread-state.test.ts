// The list that a user sees: by tables, and for any order in which answers, events and failures arrive.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emptyThread, next, show, type Happening, type Message } from '../../src/chat/thread-state.js';

const ROOM = 'conversation:1';

function message(id: string, fields: Partial<Message> = {}): Message {
  return {
    id,
    room: ROOM,
    sender_id: 'bob',
    sender_name: 'Bob',
    role: 'user',
    is_ai: false,
    content: `words of ${id}`,
    status: 'complete',
    attachments: [],
    reactions: [],
    mentions: [],
    created_at: '2026-01-01T00:00:00.000Z',
    ...fields,
  };
}

const after = (...happenings: Happening[]) =>
  show(
    happenings.reduce((state, one) => next(state, one, 'ada'), emptyThread),
    'ada',
    ROOM,
  );
const loaded: Happening = { type: 'loaded', messages: [message('m1'), message('m2')], hasMore: false };
const sending: Happening = { type: 'sending', clientId: 'c', message: { content: 'mine' }, at: '2026-01-01T00:01:00Z' };
const mine = message('m3', { sender_id: 'ada', client_id: 'c', content: 'mine' });
const told: Happening = { type: 'created', message: mine };
const sent: Happening = { type: 'sent', clientId: 'c', message: mine };
const texts = (thread: ReturnType<typeof after>) => thread.messages.map(({ content, state }) => `${content} ${state}`);

describe('a message that one writes', () => {
  it.each<[string, Happening[], string]>([
    ['is shown at once', [sending], 'sending'],
    ['is on its way until its event comes', [sending, sent], 'sending'],
    ['is told by its event', [sending, sent, told], 'told'],
    ['is told by its event also before the answer', [sending, told, sent], 'told'],
    ['is told by a snapshot', [sending, { type: 'loaded', messages: [mine], hasMore: false }, sent], 'told'],
    ['has failed', [sending, { type: 'failed', clientId: 'c', error: 'no' }], 'failed'],
    ['is sent again', [sending, { type: 'failed', clientId: 'c', error: 'no' }, sending], 'sending'],
    ['is told although its answer was lost', [sending, { type: 'failed', clientId: 'c', error: 'no' }, told], 'told'],
  ])('%s, once', (_what, happenings, state) => {
    expect(texts(after(...happenings))).toEqual([`mine ${state}`]);
  });

  it('is gone when it is discarded', () => {
    expect(
      after(sending, { type: 'failed', clientId: 'c', error: 1 }, { type: 'discarded', clientId: 'c' }).messages,
    ).toEqual([]);
  });

  it('is not waited for when it was told long before what is shown', () => {
    const later = message('m9', { created_at: '2026-01-01T00:10:00.000Z' });
    const reset: Happening = { type: 'loaded', messages: [later], hasMore: true };
    expect(texts(after(reset, sending, sent))).toEqual(['words of m9 told']);
    expect(texts(after(sending, sent, reset))).toEqual(['words of m9 told']);
  });

  it('of another user under the same client_id is another message', () => {
    expect(after(sending, { type: 'created', message: message('m9', { client_id: 'c' }) }).messages).toHaveLength(2);
  });
});

describe('a change that one makes', () => {
  const edit: Happening = { type: 'changing', id: 1, messageId: 'm2', change: { type: 'edit', content: 'new' } };
  const edited: Happening = { type: 'changed', message: message('m2', { content: 'new', edited_at: 'then' }) };
  const reacted = message('m2', { reactions: [{ emoji: '👍', user_ids: ['bob'] }] });

  it('is shown at once, stays until it is told, and survives what others do meanwhile', () => {
    const shown = (...more: Happening[]) => after(loaded, edit, ...more).messages[1]?.content;
    expect([shown(), shown({ type: 'done', id: 1 }), shown({ type: 'changed', message: reacted })]).toEqual([
      'new',
      'new',
      'new',
    ]);
    expect(shown({ type: 'done', id: 1 }, { type: 'changed', message: reacted })).toBe('new');
    const later = message('m2', { content: 'of another device' });
    expect(shown({ type: 'done', id: 1 }, edited, { type: 'changed', message: later })).toBe('of another device');
  });

  it('stands over nothing that was told after it, also where its answer comes last', () => {
    const later: Happening = { type: 'changed', message: message('m2', { content: 'of another device' }) };
    expect(after(loaded, edit, edited, later, { type: 'done', id: 1 }).messages[1]?.content).toBe('of another device');
    const anew: Happening = { type: 'loaded', messages: [message('m2', { content: 'newer' })], hasMore: false };
    expect(after(loaded, edit, { type: 'done', id: 1 }, anew).messages[0]?.content).toBe('newer');
  });

  it('is taken back when it is refused', () => {
    expect(after(loaded, edit, { type: 'undone', id: 1 })).toEqual(after(loaded));
  });

  it('adds and takes away one’s own reaction only', () => {
    const react = (on: boolean): Happening => ({
      type: 'changing',
      id: 1,
      messageId: 'm2',
      change: { type: 'react', emoji: '👍', on },
    });
    const changed: Happening = { type: 'changed', message: reacted };
    expect(after(loaded, changed, react(true)).messages[1]?.reactions).toEqual([
      { emoji: '👍', user_ids: ['bob', 'ada'] },
    ]);
    expect(after(loaded, changed, react(false)).messages[1]?.reactions).toEqual(reacted.reactions);
    expect(after(loaded, react(true)).messages[1]?.reactions).toEqual([{ emoji: '👍', user_ids: ['ada'] }]);
  });

  it('that deletes takes the words', () => {
    const gone: Happening = { type: 'changing', id: 1, messageId: 'm1', change: { type: 'delete' } };
    expect(after(loaded, gone).messages[0]).toMatchObject({ content: '', deleted_at: expect.any(String) });
  });
});

describe('older messages', () => {
  const first: Happening = { type: 'loaded', messages: [message('m7'), message('m8')], hasMore: true };
  const reading: Happening = { type: 'reading', before: 'm7' };
  const page = (...messages: Message[]): Happening => ({ type: 'older', before: 'm7', messages, hasMore: false });
  const changed = (id: string, content: string): Happening => ({ type: 'changed', message: message(id, { content }) });

  it('stand before the others, as they were told while they were read', () => {
    const thread = after(first, reading, changed('m5', 'new'), page(message('m5'), message('m6')));
    expect(texts(thread)).toEqual(['new told', 'words of m6 told', 'words of m7 told', 'words of m8 told']);
  });

  it('are left out where the list has begun anew meanwhile', () => {
    const reset: Happening = { type: 'loaded', messages: [message('m20')], hasMore: true };
    const thread = after(first, reading, reset, page(message('m5'), message('m6')));
    expect([texts(thread), thread.hasMore]).toEqual([['words of m20 told'], true]);
  });

  it('take the place of one’s own that waits for its event', () => {
    const long = message('m6', { sender_id: 'ada', client_id: 'c', content: 'mine' });
    expect(texts(after(first, sending, reading, page(long)))).toEqual([
      'mine told',
      'words of m7 told',
      'words of m8 told',
    ]);
  });
});

describe('an answer in the making', () => {
  const delta = (at: number, text: string, attempt = 1): Happening => ({
    type: 'delta',
    delta: { message_id: 'a1', agent_id: 'context', attempt, at, text },
  });
  const textOf = (...happenings: Happening[]) => after(loaded, ...happenings).drafts.map(({ text }) => text);

  it.each<[string, Happening[], string[]]>([
    ['grows', [delta(0, 'Hel'), delta(3, 'lo')], ['Hello']],
    ['is told again from where the text is one’s own', [delta(0, 'Hello'), delta(2, 'llo you')], ['Hello you']],
    ['begins with all text so far', [delta(0, 'Hello'), delta(0, 'Hello you')], ['Hello you']],
    ['waits where text is missing', [delta(0, 'Hel'), delta(9, 'late')], ['Hel']],
    ['begins anew with a later attempt', [delta(0, 'Hel'), delta(0, 'Other', 2), delta(3, 'lo', 1)], ['Other']],
    ['ends with its message', [delta(0, 'Hel'), { type: 'created', message: message('a1') }, delta(3, 'lo')], []],
  ])('%s', (_what, happenings, expected) => {
    expect(textOf(...happenings)).toEqual(expected);
  });
});

describe('what is unread', () => {
  it('is what others said after one’s mark', () => {
    const read: Happening = { type: 'read', userId: 'ada', messageId: 'm1' };
    const more: Happening[] = [loaded, { type: 'created', message: message('m4', { sender_id: 'ada' }) }];
    expect([after(...more).unread, after(...more, read).unread]).toEqual([2, 1]);
    expect(after(...more, { type: 'read', userId: 'bob', messageId: 'm2' }).unread).toBe(2);
  });
});

describe('whatever arrives first', () => {
  it('ends in the server’s list, each message once', () => {
    // Own messages by number: each is sent, told, and perhaps answered too late or not at all.
    const count = fc.integer({ min: 1, max: 6 });
    fc.assert(
      fc.property(count, fc.infiniteStream(fc.nat()), (messages, random) => {
        const draw = (below: number) => Number(random.next().value) % below;
        const queues: Happening[][] = Array.from({ length: messages }, (_, n): Happening[] => {
          const clientId = `c${n}`;
          const answer: Happening =
            draw(3) === 0
              ? { type: 'failed', clientId, error: 'late' }
              : { type: 'sent', clientId, message: message(`m${n}`, { sender_id: 'ada', client_id: clientId }) };
          return [{ type: 'sending', clientId, message: { content: `${n}` }, at: 'now' }, answer];
        });
        const list: Message[] = [];
        let state = next(emptyThread, { type: 'loaded', messages: [], hasMore: false }, 'ada');
        const events = Array.from({ length: messages }, (_, n) =>
          message(`m${n}`, { sender_id: 'ada', client_id: `c${n}` }),
        );
        while (queues.some(({ length }) => length > 0) || list.length < messages) {
          const queue = queues[draw(queues.length)];
          const step = queue?.shift();
          if (step) state = next(state, step, 'ada');
          // An event comes once its message was sent; now and then a snapshot in its place, or the event twice.
          const due = events[list.length];
          const wasSent = queues[list.length]?.length !== 2;
          if (due && wasSent && draw(2) === 0) {
            list.push(due);
            const loadedNow: Happening = { type: 'loaded', messages: [...list], hasMore: false };
            state = next(state, draw(4) === 0 ? loadedNow : { type: 'created', message: due }, 'ada');
            if (draw(4) === 0) state = next(state, { type: 'created', message: due }, 'ada');
          }
        }
        const thread = show(state, 'ada', ROOM);
        expect(thread.messages.map(({ id, state: how }) => [id, how])).toEqual(list.map(({ id }) => [id, 'told']));
      }),
    );
  });
});
