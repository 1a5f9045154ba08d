// What a client makes of what it is told of a room's people.
import { describe, expect, it } from '@jest/globals';
import { next, nobodyKnown, type Happening, type RoomMember } from '../../src/presence/who-is-here.js';

const ROOM = 'project:42';
const member = (user_id: string, status: RoomMember['status'] = 'active'): RoomMember => ({ user_id, status });
const state = (...users: string[]): Happening => ({
  type: 'state',
  data: { room: ROOM, version: 1, members: users.map((user) => member(user)) },
});
const diff = (joins: RoomMember[], leaves: string[] = []): Happening => ({
  type: 'diff',
  data: { room: ROOM, version: 2, joins, leaves: leaves.map((user_id) => ({ user_id })) },
});
const count = (of: number): Happening => ({ type: 'count', data: { room: ROOM, count: of } });
const typing = (user_id: string, is_typing = true): Happening => ({
  type: 'typing',
  data: { room: ROOM, user_id, is_typing, is_ai: false },
});

const after = (...happenings: Happening[]) => happenings.reduce(next, nobodyKnown);
const users = ({ members }: ReturnType<typeof after>) => members?.map(({ user_id }) => user_id) ?? null;

describe('who is in a room', () => {
  it('is not known before it was told', () => {
    expect(nobodyKnown).toEqual({ current: false, members: null, count: 0, typing: [], error: null });
    expect(after(diff([member('ada')]))).toBe(nobodyKnown);
  });

  it('is what was told last, and what has changed since, in the order of user ids', () => {
    const here = after(state('zoe', 'bob'), diff([member('ada'), member('bob', 'away')], ['zoe']));
    expect(here).toMatchObject({ current: true, count: 2, members: [member('ada'), member('bob', 'away')] });
    expect(users(after(state('ada', 'bob'), state('eve')))).toEqual(['eve']);
  });

  it('is a number while they are many', () => {
    const many = after(state('ada'), count(201));
    expect(many).toMatchObject({ current: true, members: null, count: 201 });
    expect(users(next(many, state('ada', 'bob')))).toEqual(['ada', 'bob']);
  });

  it('is what it was while the connection is lost, and may be otherwise', () => {
    const lost = after(state('ada'), typing('bob'), { type: 'lost' });
    expect(lost).toMatchObject({ current: false, count: 1, typing: [] });
    expect(next(lost, { type: 'lost' })).toBe(lost);
    expect(next(lost, state('ada', 'eve'))).toMatchObject({ current: true, count: 2 });
  });

  it('is nobody in a room that may not be entered', () => {
    const error = new Error('left');
    expect(after(state('ada'), typing('bob'), { type: 'closed', error })).toEqual({ ...nobodyKnown, error });
    expect(after({ type: 'closed', error }, state('ada')).error).toBeNull();
  });
});

describe('who types', () => {
  it('is everybody who has begun, each once, until they have ended or nothing is heard of them', () => {
    const two = after(typing('ada'), typing('bob'), typing('ada'));
    expect(two.typing.map(({ user_id }) => user_id)).toEqual(['bob', 'ada']);
    expect(next(two, typing('ada', false)).typing.map(({ user_id }) => user_id)).toEqual(['bob']);
    expect(next(two, { type: 'silent', userId: 'bob' }).typing.map(({ user_id }) => user_id)).toEqual(['ada']);
  });
});
