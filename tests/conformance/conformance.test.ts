// The same scenes at every door: what is promised does not depend on how one came in.
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../support/database.js';
import { eventually } from '../support/eventually.js';
import { metricsOf } from '../support/metrics.js';
import { closeNativeClients } from '../support/native-client.js';
import { faultsOf } from '../support/once-in-order.js';
import { startServer, type ServerProcess } from '../support/server-process.js';
import { closeSseClients } from '../support/sse-client.js';
import { projectFact, teamAt, workflowFact, type Team } from '../support/team.js';
import { testToken } from '../support/tokens.js';
import { doors, refusalOf, type Door, type Visit, type Visitor } from './doors.js';

const ROOMS = ['project:42', 'global', 'user:ada'];
/** A token is taken until so long after its end. */
const TOLERANCE_SECONDS = 5;

let database: TestDatabase;
let server: ServerProcess;
const visitors: Visitor[] = [];
/** Visitors whose tokens are about to end; they wait while other scenes are played. */
const expiring = new Map<Door, Visitor>();

beforeAll(async () => {
  database = await testDatabase();
  server = await startServer({
    env: { ...database.env, PUBLISH_RATE: '0', MAX_ROOMS_PER_CONNECTION: '10', DRAIN_SECONDS: '2' },
  });
  for (const door of doors) {
    const expiresInSeconds = door.graceSeconds > 0 ? 2 - TOLERANCE_SECONDS : 2;
    const visit = () => {
      const token = testToken({ user: 'brief', tenant: randomUUID(), expiresInSeconds });
      return door.visit(server.url, { token, rooms: ['global'] });
    };
    // Again with a new one where the machine is so busy that the token ends on its way.
    expiring.set(door, await eventually(visit));
  }
});
afterEach(() => {
  for (const visitor of visitors.splice(0)) visitor.close();
});
afterAll(async () => {
  for (const visitor of expiring.values()) visitor.close();
  closeNativeClients();
  closeSseClients();
  await server.stop();
  await database.drop();
});

async function visit(door: Door, options: Visit): Promise<Visitor> {
  const visitor = await door.visit(server.url, options);
  visitors.push(visitor);
  return visitor;
}

/** Ada as she comes to a door. */
const ada = ({ ada: { credential: token } }: Team, more: Partial<Visit> = {}): Visit => ({
  token,
  rooms: ROOMS,
  ...more,
});
const upTo = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index);

/** Facts of several rooms and two streams. @returns once they are in the log */
async function happen({ bot }: Team, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    expect((await bot.post('/events', projectFact('42', number))).status).toBe(201);
    expect((await bot.post('/events', projectFact('43', number))).status).toBe(201);
    expect((await bot.post('/events', workflowFact(`w${String(number)}`, '42'))).status).toBe(201);
    const notice = { user_id: 'ada', title: String(number), message: 'test' };
    expect((await bot.post('/notifications', notice)).status).toBe(201);
  }
}

/** What Ada's rooms hold of it, as the log has it. */
async function due(team: Team): Promise<{ id: string; stream: string; offset: number }[]> {
  const events = [];
  for (const room of ROOMS) {
    const { body } = await team.ada.get(`/rooms/${room}/events?limit=500`);
    events.push(...(body.events as { id: string; stream: string; offset: number }[]));
  }
  return [...new Map(events.map((event) => [event.id, event])).values()].sort(
    (one, other) => one.offset - other.offset,
  );
}

const comesToHave = (visitor: Visitor, count: number) => eventually(() => expect(visitor.facts()).toHaveLength(count));

describe('a subscriber', () => {
  it.each(doors)('P3: by $name gets every event of its rooms once and in order, and no other', async (door) => {
    const team = teamAt(server.url);
    const visitor = await visit(door, ada(team));
    await happen(team, upTo(10));
    await comesToHave(visitor, 30);
    expect(faultsOf(visitor.facts(), await due(team))).toEqual([]);
    expect(visitor.told()).toEqual([]);
  });

  it.each(doors)('P4: by $name catches up with more than a page, and goes on', async (door) => {
    const team = teamAt(server.url);
    const {
      ada: { credential: token },
      bot,
    } = team;
    const first = await visit(door, { token, rooms: ['project:42'] });
    const place = first.place();
    first.close();
    const events = upTo(700).map((number) => projectFact('42', number));
    await bot.post('/events', { events: events.slice(0, 400) });
    await bot.post('/events', { events: events.slice(400) });
    const again = await visit(door, { token, rooms: ['project:42'], place });
    await bot.post('/events', projectFact('42', 701));
    await comesToHave(again, 701);
    expect(again.facts().map(({ data }) => data.result)).toEqual(upTo(701));
    expect(again.breaks()).toEqual([]);
  });

  it.each(doors)('P4: by $name with a place of another log is told so, and nothing of what was', async (door) => {
    const [team, other] = [teamAt(server.url), teamAt(server.url)];
    await happen(team, upTo(3));
    const elsewhere = await visit(door, ada(team));
    await happen(other, upTo(2));
    const visitor = await visit(door, ada(other, { place: elsewhere.place() }));
    expect(visitor.breaks().every((reason) => reason === 'future_offset')).toBe(true);
    expect(visitor.breaks().length).toBeGreaterThan(0);
    expect(visitor.facts()).toEqual([]);
    await happen(other, [3]);
    await comesToHave(visitor, 3);
  });
});

describe('rights', () => {
  it.each(doors)('to somebody else’s room nobody has by $name', async (door) => {
    const team = teamAt(server.url);
    expect(await refusalOf(door.visit(server.url, ada(team, { rooms: ['global', 'user:bob'] })))).toBe('not_found');
    expect(await refusalOf(door.visit(server.url, ada(team, { rooms: ['nonsense:1'] })))).toBe('not_found');
  });

  it.each(doors)('P8: to a room that has ended are taken by $name, with a word, after its end', async (door) => {
    const team = teamAt(server.url);
    const { id } = (await team.ada.post('/projects', { name: 'Atlas' })).body as { id: string };
    const room = `project:${id}`;
    const visitor = await visit(door, ada(team, { rooms: [room, 'global'] }));
    await team.ada.delete(`/projects/${id}`);
    await eventually(() => expect(visitor.told()).toMatchObject([{ event: 'room.revoked', data: { room } }]));
    expect(visitor.facts().map(({ event }) => event)).toEqual(['project.deleted']);
    await team.bot.post('/events', projectFact(id, 1));
    await team.bot.post('/events', workflowFact('w', 'p'));
    await eventually(() => expect(visitor.facts().at(-1)?.event).toBe('workflow.started'));
    expect(visitor.facts()).toHaveLength(2);
    expect(await refusalOf(door.visit(server.url, ada(team, { rooms: [room] })))).toBe('not_found');
  });

  it.each(doors)('P8: are gone by $name with the user', async (door) => {
    const team = teamAt(server.url);
    const visitor = await visit(door, ada(team));
    await team.boss.patch('/users/ada', { active: false });
    await eventually(() => expect(visitor.ended()).toBe(true));
    const rooms = visitor.told().flatMap(({ event, data }) => (event === 'room.revoked' ? [data.room] : []));
    expect(rooms).toEqual(expect.arrayContaining([...ROOMS]));
    expect(await refusalOf(door.visit(server.url, ada(team)))).toBe('unauthorized');
  });

  it.each(doors)('nobody has by $name without a good token', async (door) => {
    const { tenant } = teamAt(server.url);
    const old = testToken({ user: 'ada', tenant, expiresInSeconds: -60 });
    expect(await refusalOf(door.visit(server.url, { token: 'nonsense', rooms: ROOMS }))).toBe('unauthorized');
    expect(await refusalOf(door.visit(server.url, { token: old, rooms: ROOMS }))).toBe('token_expired');
  });
});

describe('limits', () => {
  it.each(doors)('of connections hold by $name, and a place that is left is free', async (door) => {
    const team = teamAt(server.url);
    const inside = await Promise.all(upTo(5).map(() => visit(door, ada(team))));
    for (const other of doors) {
      expect(await refusalOf(other.visit(server.url, ada(team)))).toBe('connection_limit');
    }
    inside[0]?.close();
    await eventually(() => visit(door, ada(team)));
  });

  it.each(doors)('of rooms hold by $name', async (door) => {
    const rooms = upTo(11).map((number) => `project:${String(number)}`);
    expect(await refusalOf(door.visit(server.url, ada(teamAt(server.url), { rooms })))).toBe('too_many_rooms');
  });

  it.each(doors)('what cannot be understood is answered by $name with the field', async (door) => {
    const { code, fields } = await door.ask(server.url, teamAt(server.url).ada.credential);
    expect({ code, fields }).toEqual({ code: 'bad_request', fields: [expect.any(String)] });
  });
});

describe('who does not read', () => {
  it.each(doors)('P9: by $name is disconnected, and misses nothing on coming back', async (door) => {
    const team = teamAt(server.url);
    const {
      ada: { credential: token },
      bot,
    } = team;
    const slow = await visit(door, { token, rooms: ['project:42'] });
    const bystander = await visit(door, { token, rooms: ['project:43'] });
    const place = slow.place();
    slow.pause();
    const text = 'x'.repeat(30_000);
    const dropped = async () =>
      (await metricsOf(server.url)).value('roomcast_drops_total', 'reason="slow_consumer"') ?? 0;
    const before = await dropped();
    let posted = 0;
    await eventually(
      async () => {
        const events = upTo(100, posted + 1).map((number) => projectFact('42', number));
        const large = events.map(({ event, data }) => ({ event, data: { ...data, operation: text } }));
        if (posted < 600) expect((await bot.post('/events', { events: large })).status).toBe(200);
        posted += posted < 600 ? 100 : 0;
        expect(await dropped()).toBe(before + 1);
      },
      { withinMs: 30_000 },
    );
    await bot.post('/events', projectFact('43', 1));
    await comesToHave(bystander, 1);
    slow.resume();
    await eventually(() => expect(slow.ended()).toBe(true));
    const had = slow.facts();
    const again = await visit(door, { token, rooms: ['project:42'], place: had.length > 0 ? slow.place() : place });
    await comesToHave(again, posted - had.length);
    expect([...had, ...again.facts()].map(({ data }) => data.result)).toEqual(upTo(posted));
  });
});

describe('the end of a token', () => {
  it.each(doors)('is announced by $name, and is the end of the connection', async (door) => {
    const visitor = expiring.get(door)!;
    const withinMs = (door.graceSeconds + 2 + TOLERANCE_SECONDS) * 1_000;
    await eventually(() => expect(visitor.ended()).toBe(true), { withinMs });
    expect(visitor.told().map(({ event }) => event)).toEqual(['auth.expiring', 'auth.expired']);
  });
});

describe('when the server', () => {
  it.each(doors)('P4: is killed, who comes back by $name gets what was missed, once and in order', async (door) => {
    const team = teamAt(server.url);
    const first = await visit(door, ada(team));
    await happen(team, upTo(5));
    await comesToHave(first, 15);
    await happen(team, [6]);
    await server.kill();
    await eventually(() => expect(first.ended()).toBe(true));
    const place = first.place();
    await server.start();
    await happen(team, upTo(3, 7));
    const again = await visit(door, ada(team, { place }));
    await happen(team, upTo(3, 10));
    await eventually(async () => expect(faultsOf([...first.facts(), ...again.facts()], await due(team))).toEqual([]));
    expect(again.breaks()).toEqual([]);
  });

  it('is told to end, everybody is told, and nobody misses anything on coming back', async () => {
    const team = teamAt(server.url);
    const inside = await Promise.all(doors.map((door) => visit(door, ada(team))));
    const stopping = server.stop();
    for (const visitor of inside) {
      await eventually(() => expect(visitor.ended()).toBe(true));
      expect(visitor.told()).toMatchObject([{ event: 'session.closing', data: { reason: 'drain' } }]);
    }
    expect(await stopping).toEqual({ code: 0, signal: null });
    await server.start();
    await happen(team, upTo(2));
    const again = await Promise.all(doors.map((door, n) => visit(door, ada(team, { place: inside[n]!.place() }))));
    for (const visitor of again) {
      await comesToHave(visitor, 6);
      expect(faultsOf(visitor.facts(), await due(team))).toEqual([]);
    }
  });
});
