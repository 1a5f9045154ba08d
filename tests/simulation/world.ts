// One simulated schedule: nodes, clients and a database are made, something is published, something goes wrong, and when
// all is quiet again it is judged.
import type { Client, ClientDeps } from './client.js';
import { Bus } from './bus.js';
import { Connection } from './connection.js';
import { Database } from './database.js';
import { createReads } from './database-reads.js';
import { Disturbances } from './disturbances.js';
import { judge } from './judge.js';
import { SimulatedNode } from './node.js';
import { PlainClient } from './plain-client.js';
import { Publisher } from './publisher.js';
import { Random } from './random.js';
import { Rights } from './rights.js';
import { roomsOf, type Scene } from './scene.js';
import { SdkClient } from './sdk-client.js';
import { Scheduler } from './scheduler.js';
import { UNKNOWABLE, type Suite } from './suites.js';
import { OWN, SHARED } from './topology.js';
import { unrest } from './unrest.js';
import { Verdict } from './verdict.js';
import { WireJudge } from './wire-judge.js';

const LIMIT_STEPS = 8_000;

/**
 * Plays a schedule.
 * @returns what was wrong, and after how many steps it was over
 */
export async function play(seed: number, suite: Suite, traced: boolean): Promise<{ verdict: Verdict; steps: number }> {
  const scene = createScene(seed, suite, traced);
  const { clients, nodes, random, scheduler, verdict, owner } = scene;
  const bus = new Bus(scene);
  const rights = new Rights(scene, bus);
  const publisher = new Publisher(scene, bus, rights);
  const disturbances = new Disturbances(scene, rights);

  for (const client of clients) {
    for (const room of roomsOf(scene)) if (random.chance(0.7)) client.want(room);
    client.connect();
  }
  repeatedly(scene, () => publisher.act());
  repeatedly(scene, () => disturbances.act());
  const isQuiet = () =>
    publisher.done && disturbances.done && rights.settled && bus.empty && unrest(scene).length === 0;
  const quiet = await scheduler.run(LIMIT_STEPS, isQuiet);
  if (!quiet) verdict.bad('stuck', unrest(scene).join(' | '));
  judge(scene, quiet);
  for (const one of [owner, ...nodes.map((node) => node.process)]) one.gone = true;
  return { verdict, steps: scheduler.step };
}

function createScene(seed: number, suite: Suite, traced: boolean): Scene {
  const random = new Random(Math.imul(seed, 7919));
  const scheduler = new Scheduler(random, suite.stepMs, (ms) => stepsOf(ms, suite, random));
  const ignored = suite.restores === 'unannounced' ? UNKNOWABLE : [];
  const nodes: SimulatedNode[] = [];
  const clients: Client[] = [];
  const scene: Scene = {
    suite,
    random,
    scheduler,
    verdict: new Verdict(() => scheduler.step, traced, ignored),
    database: new Database(),
    streams: random.chance(0.25) ? [SHARED] : [SHARED, OWN],
    nodes,
    clients,
    owner: { gone: false },
  };
  const sizes = { keptRows: 1 + random.below(4), replayRows: 1 + random.below(3) };
  for (let count = 1 + random.below(3); count > 0; count--) nodes.push(createNode(scene, sizes));
  const limit = 1 + random.below(suite.page);
  for (let count = 1 + random.below(3); count > 0; count--) clients.push(createClient(scene, limit));
  return scene;
}

/** How many steps a timer waits: far less than it says, so that much happens in a short schedule. */
function stepsOf(ms: number, { headsEvery }: Suite, random: Random): number {
  if (ms >= 60_000) return 300 + random.below(300);
  if (ms >= 30_000) return 1 + random.below(80);
  if (ms >= 2_000) return headsEvery;
  return 1 + random.below(Math.ceil(ms / 5));
}

/** Does something now and then until it says that it is done. */
function repeatedly(scene: Scene, act: () => boolean): void {
  scene.scheduler.add(scene.owner, () => {
    if (!act()) repeatedly(scene, act);
  });
}

function createNode(scene: Scene, sizes: { keptRows: number; replayRows: number }): SimulatedNode {
  const { verdict, suite } = scene;
  const name = `n${scene.nodes.length}`;
  return new SimulatedNode({
    name,
    ...sizes,
    scheduler: scene.scheduler,
    readsOf: (process) => createReads({ ...scene, failing: suite.failing }, process),
    happened: (what) => verdict.happened(what),
    failed: (error) => {
      if (suite.failing === 0) verdict.bad('failed', error instanceof Error ? (error.stack ?? '') : String(error));
    },
    spurious: (member, room) => verdict.bad('spurious revocation', `${member.id} ${room}`),
    applying: (row) => verdict.say(() => `${name} applies ${row.offset} ${row.data}`),
  });
}

function createClient(scene: Scene, limit: number): Client {
  const { random, suite } = scene;
  const number = scene.clients.length;
  const kind = suite.clients === 'any' ? random.pick(['plain', 'sdk']) : suite.clients;
  const style = suite.style === 'any' ? random.pick(['loop', 'many'] as const) : suite.style;
  const keepsLastId = suite.restores === 'unannounced' || random.chance(0.7);
  const deps: ClientDeps = { ...scene, connect: (client) => connect(scene, client), keepsLastId, limit };
  const user = suite.oneUser ? 'u0' : `u${random.below(number + 1)}`;
  if (kind === 'sdk') return new SdkClient(deps, `sdk${number}`, user);
  return new PlainClient(deps, `${style}${number}`, user, style);
}

/** Connects a client to some node, under the eyes of a judge. */
function connect({ scheduler, random, database, verdict, nodes }: Scene, client: Client): Connection {
  const node = random.pick(nodes);
  const name = `${client.name}#${client.count}@${node.name}`;
  const wire = new WireJudge(database, verdict, client.user);
  verdict.say(() => `${name} connects`);
  const connection: Connection = new Connection({
    scheduler,
    random,
    node,
    name,
    user: client.user,
    mayConnect: () => database.mayConnect(client.user),
    written: (frame) => {
      verdict.say(() => `${name} <- ${JSON.stringify(frame)}`);
      wire.written(connection, frame);
    },
    arrived: (frame) => client.arrived(frame),
    asked: (rooms) => wire.ask(rooms),
    left: (room) => wire.leave(room),
  });
  return connection;
}
