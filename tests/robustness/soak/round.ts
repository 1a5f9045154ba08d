// One round of a soak: the people of one tenant at work for a while, by every door at once, on connections that break;
// then it is quiet, and what each client was handed is held against the log. A seed decides what is done, not when.
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../../simulation/random.js';
import type { Caller } from '../../support/caller.js';
import { eventually } from '../../support/eventually.js';
import { openNaiveClient, type NaiveClient } from '../../support/naive-client.js';
import { faultsOf, union } from '../../support/once-in-order.js';
import type { Heard } from '../../support/plain-client.js';
import { connectRaw } from '../../support/raw-socketio.js';
import { projectFact, teamAt, workflowFact, type Team } from '../../support/team.js';

export interface RoundResult {
  /** Logged events of the round. */
  events: number;
  /** Events that clients were handed. */
  deliveries: number;
  /** Connections that were broken. */
  breaks: number;
}

const PROJECTS = ['1', '2', '3'];
const ROOMS = ['global', 'user:ada', 'agent:a', 'workflow:w', ...PROJECTS.map((id) => `project:${id}`)];
const CLIENTS = 12;
const QUIET_WITHIN_MS = 60_000;

interface Scene {
  readonly url: string;
  readonly random: Random;
  readonly team: Team;
  readonly clients: { client: NaiveClient; rooms: string[] }[];
  over: boolean;
  breaks: number;
}

/**
 * @param ms for which there is work
 * @throws Error that tells what a client was not handed as it should have been
 */
export async function soakRound(url: string, seed: number, ms: number): Promise<RoundResult> {
  const random = new Random(seed);
  const team = teamAt(url);
  const scene: Scene = { url, random, team, clients: [], over: false, breaks: 0 };
  for (const id of PROJECTS) await team.ada.post('/projects', { id, name: id });
  try {
    for (let count = 0; count < CLIENTS; count++) scene.clients.push(openClient(scene));
    await eventually(() => scene.clients.every(({ client }) => client.settled), { withinMs: QUIET_WITHIN_MS });
    const since = await headOf(team.ada);
    const work = [publish, publish, change, notify, breakConnections, comeAndGo].map((part) => repeat(scene, part));
    await Promise.race([pause(ms), Promise.all(work)]);
    scene.over = true;
    await Promise.all(work);
    return await judge(scene, since);
  } finally {
    scene.over = true;
    for (const { client } of scene.clients) client.close();
  }
}

async function repeat(scene: Scene, part: (scene: Scene) => Promise<void>): Promise<void> {
  while (!scene.over) await part(scene);
}

function openClient({ url, random, team }: Scene): Scene['clients'][number] {
  const rooms = random.shuffled(ROOMS).slice(0, 1 + random.below(ROOMS.length));
  const options = {
    token: team.ada.credential,
    rooms,
    style: random.pick(['loop', 'many'] as const),
    namespace: random.pick(['/', '/ws'] as const),
    transport: random.pick(['websocket', 'websocket', 'polling'] as const),
  };
  return { rooms, client: openNaiveClient(url, options) };
}

function answered({ status, body }: { status: number; body: object }): void {
  if (status >= 300) throw new Error(`answered with ${status} ${JSON.stringify(body)}`);
}

/** Events of publishers: one by one and in batches, of one room and of several. */
async function publish({ random, team: { bot } }: Scene): Promise<void> {
  const fact = () =>
    random.chance(0.7)
      ? projectFact(random.pick(PROJECTS), random.below(1_000))
      : workflowFact('w', random.pick(PROJECTS));
  const count = random.chance(0.3) ? 1 + random.below(100) : 1;
  answered(await bot.post('/events', count === 1 ? fact() : { events: Array.from({ length: count }, fact) }));
  await pause(random.below(20));
}

/** Changes whose events go by the outbox. */
async function change({ random, team: { bob, bot } }: Scene): Promise<void> {
  answered(await bob.patch(`/projects/${random.pick(PROJECTS)}`, { status: `s${random.below(1_000)}` }));
  const status = { agent_name: 'A', status: 'busy', availability: random.below(100) };
  if (random.chance(0.3)) answered(await bot.put('/agents/a/status', status));
  await pause(random.below(30));
}

async function notify({ random, team: { ada, bot } }: Scene): Promise<void> {
  const posted = await bot.post('/notifications', { user_id: 'ada', title: 't', message: 'm' });
  answered(posted);
  if (random.chance(0.5)) answered(await ada.post(`/notifications/${String(posted.body.id)}/read`));
  await pause(random.below(100));
}

async function breakConnections(scene: Scene): Promise<void> {
  const { client } = scene.random.pick(scene.clients);
  const away = scene.random.chance(0.3);
  client.drop({ comeBack: !away });
  scene.breaks++;
  await pause(scene.random.below(300));
  if (away) client.comeBack();
}

/** Connections that enter rooms and vanish, some of them in the middle of what they are being told. */
async function comeAndGo({ url, random, team }: Scene): Promise<void> {
  const guest = await connectRaw(url, team.bob.credential, random.pick(['/', '/ws'] as const));
  const room = random.pick(ROOMS.filter((name) => !name.startsWith('user:')));
  if (random.chance(0.3)) guest.wire.pause();
  const entered = guest.ask('subscribe', { room, ...(random.chance(0.7) ? { offset: 0 } : {}) }).catch(() => null);
  await Promise.race([entered, pause(random.below(200))]);
  guest.close();
  await entered;
  await pause(random.below(100));
}

/** Waits until it is quiet and compares what was handed over with the log. */
async function judge({ clients, team, breaks }: Scene, since: number): Promise<RoundResult> {
  const log = new Map<string, Heard[]>();
  for (const room of ROOMS) log.set(room, (await readRoom(team.ada, room)).filter(isFact));
  // What a client was not in yet is not its own; the streams of users begin with the round.
  const isDue = ({ stream, offset = 0 }: Heard) => stream !== 'tenant' || offset > since;
  const faults = () =>
    clients.flatMap(({ client, rooms }) => {
      const due = union(rooms.map((room) => log.get(room) ?? [])).filter(isDue);
      // A connection is in its user's room also without having asked for it.
      const got = client.got.filter((event) => isFact(event) && event.rooms?.some((room) => rooms.includes(room)));
      return [
        ...faultsOf(got, due),
        ...client.answers.filter(({ recovered }) => !recovered).map((a) => JSON.stringify(a)),
      ];
    });
  await eventually(
    () => {
      if (faults().length > 0) throw new Error(faults().join('\n'));
    },
    { withinMs: QUIET_WITHIN_MS, everyMs: 200 },
  );
  const events = new Set([...log.values()].flat().map(({ id }) => id)).size;
  return { events, deliveries: clients.reduce((sum, { client }) => sum + client.got.length, 0), breaks };
}

/** A catch-up may leave out values of `state` events; all others are facts. */
const isFact = ({ event }: Heard) => event !== 'agent.status_changed';

async function headOf(caller: Caller): Promise<number> {
  const { position } = (await caller.get(`/projects/${PROJECTS[0]}`)).body as { position: { offset: number } };
  return position.offset;
}

async function readRoom(caller: Caller, room: string): Promise<Heard[]> {
  const events: Heard[] = [];
  for (let after = 0, more = true; more;) {
    const { body } = await caller.get(`/rooms/${room}/events?limit=500&after=${after}`);
    events.push(...(body.events as Heard[]));
    [after, more] = [Number(body.offset), Boolean(body.has_more)];
  }
  return events;
}
