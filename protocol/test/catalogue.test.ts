// What a definition may say, and what the built-in ones and those of a host application have in common.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import {
  catalogue,
  commands,
  defineEvent,
  defineRoomKind,
  errorCode,
  errorTable,
  extendCatalogue,
  kindPattern,
  optional,
  parseInput,
  parseRoom,
  roomKinds,
  RoomcastError,
  upcast,
  type EventDefinition,
} from '../src/index.js';

const seen = {
  class: 'durable' as const,
  data: z.object({ team_id: z.string(), at: z.string() }),
  rooms: (data: { team_id: string }) => [`team:${data.team_id}`],
  example: { team_id: '7', at: 'noon' },
  summary: 'Somebody was seen.',
};

describe('the catalogue', () => {
  const events: readonly EventDefinition[] = catalogue.events;

  it.each(events)('has a good example of $name', ({ data, example, rooms }) => {
    const names = rooms === 'addressed' ? [] : rooms(data.parse(example));
    const parsed = names.map((room) => parseRoom(room, roomKinds));
    expect(parsed).not.toContain(null);
    expect(new Set(parsed.map((room) => room?.stream)).size).toBe(rooms === 'addressed' ? 0 : 1);
  });

  it.each(Object.entries(commands))('names the command %s once', (name, command) => {
    expect(command.name).toBe(name);
    expect(command.payload.safeParse(command.example).success).toBe(true);
  });

  it('takes events and kinds of room of a host application', () => {
    const team = defineRoomKind({ kind: 'team', stream: 'own', summary: 'A team.' });
    const extended = extendCatalogue({ events: [defineEvent({ name: 'team.seen', ...seen })], roomKinds: [team] });
    expect(parseRoom('team:7', extended.roomKinds)).toMatchObject({ kind: 'team', id: '7', stream: 'team:7' });
    expect(extended.events.map(({ name }) => name)).toContain('team.seen');
  });

  it('refuses a name that is taken, and an end that does not exist', () => {
    const again = defineEvent({ name: 'project.updated', ...seen });
    expect(() => extendCatalogue({ events: [again], roomKinds: [] })).toThrow('"project.updated" is declared twice');
    const endless = defineEvent({ name: 'team.here', ...seen, class: 'state', key: 'team_id', endedBy: ['team.gone'] });
    expect(() => extendCatalogue({ events: [endless], roomKinds: [] })).toThrow('ends by "team.gone"');
  });

  it('refuses a definition that contradicts itself', () => {
    expect(() => defineEvent({ name: 'seen', ...seen })).toThrow('dotted');
    expect(() => defineEvent({ name: 'team.seen', ...seen, class: 'state' })).toThrow('key');
    expect(() => defineEvent({ name: 'team.seen', ...seen, version: 2 })).toThrow('upcast from version 1');
    const example = { team_id: 7 } as never;
    expect(() => defineEvent({ name: 'team.seen', ...seen, example })).toThrow('example does not fit');
  });
});

describe('an event with several versions', () => {
  const renamed = defineEvent({
    name: 'team.seen',
    ...seen,
    version: 3,
    upcasts: {
      1: ({ team, ...rest }) => ({ ...rest, team_id: team }),
      2: (data) => ({ ...data, at: data.at ?? 'unknown' }),
    },
  });

  it('is handed out in the current one, whatever it was stored as', () => {
    expect(upcast(renamed, 1, { team: '7' })).toEqual({ team_id: '7', at: 'unknown' });
    expect(upcast(renamed, 2, { team_id: '7' })).toEqual({ team_id: '7', at: 'unknown' });
    expect(upcast(renamed, 3, { team_id: '7', at: 'noon' })).toEqual({ team_id: '7', at: 'noon' });
  });
});

describe('names of rooms', () => {
  it.each(['global', 'project:42', 'user:a.b-c_D', `session:${'x'.repeat(128)}`])('may be %s', (name) => {
    expect(parseRoom(name, roomKinds)?.name).toBe(name);
  });

  it.each(['', 'global:1', 'project', 'project:', 'project:a b', 'project:a:b', 'foo:1', `user:${'x'.repeat(129)}`])(
    'may not be "%s"',
    (name) => {
      expect(parseRoom(name, roomKinds)).toBeNull();
    },
  );

  it('have a pattern for each kind', () => {
    expect([kindPattern('project:42'), kindPattern('global')]).toEqual(['project:*', 'global']);
  });
});

describe('an optional field', () => {
  const schema = z.object({ name: optional(z.string()) });

  it('may be missing or null, and is then left out', () => {
    for (const given of [{}, { name: null }, { name: undefined }]) {
      expect(JSON.stringify(schema.parse(given))).toBe('{}');
    }
    expect(schema.parse({ name: 'Ada' })).toEqual({ name: 'Ada' });
  });
});

describe('errors', () => {
  it('are all in the table, each with a sentence', () => {
    expect(Object.keys(errorTable)).toEqual([...errorCode.options]);
    for (const { sentence, status } of Object.values(errorTable)) {
      expect(sentence).toMatch(/^[A-Z].*[.]$/);
      expect(status).toBeGreaterThanOrEqual(400);
    }
  });

  it('of input name every bad field', () => {
    const schema = z.object({ a: z.object({ b: z.int() }), c: z.string() });
    const parse = () => parseInput(schema, { a: { b: 'x' } }, 'events.3');
    expect(parse).toThrow(RoomcastError);
    try {
      parse();
    } catch (error) {
      expect((error as RoomcastError).issues?.map(({ path }) => path)).toEqual(['events.3.a.b', 'events.3.c']);
    }
  });

  it('of input that cannot even be compared are bad requests too', () => {
    const endless: unknown = JSON.parse('{"length":{"toString":[],"valueOf":[]}}');
    for (const schema of [z.string().max(3), z.array(z.string()).max(3), z.object({ a: z.string().min(1) })]) {
      const code = 'bad_request';
      expect(() => parseInput(schema, schema instanceof z.ZodObject ? { a: endless } : endless)).toThrow(
        expect.objectContaining({ code }),
      );
    }
  });

  it('stand on the wire without what they do not say', () => {
    expect(new RoomcastError('rate_limited', 'Slower.', { retryAfterMs: 5 }).toWire()).toEqual({
      code: 'rate_limited',
      message: 'Slower.',
      retryable: true,
      retry_after_ms: 5,
    });
  });
});
