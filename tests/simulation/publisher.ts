// What is written to the log, and what becomes of it: events, their retention, and restores of the whole database.
import type { StreamKey } from '../../server/src/events/log-row.js';
import type { Bus } from './bus.js';
import type { NewEvent } from './database.js';
import type { Rights } from './rights.js';
import type { Scene } from './scene.js';
import { EVENT, keyOfStream, OWN, SHARED } from './topology.js';

export class Publisher {
  private missing: number;
  private restores: number;

  constructor(
    private readonly scene: Scene,
    private readonly bus: Bus,
    private readonly rights: Rights,
  ) {
    const { random, suite } = scene;
    this.missing = Math.ceil((8 + random.below(16)) * suite.events);
    this.restores = suite.restores === 'none' ? 0 : 1 + random.below(2);
  }

  get done(): boolean {
    return this.missing === 0;
  }

  /** @returns whether all is published */
  act(): boolean {
    const { random, suite, database } = this.scene;
    if (this.done) return !this.restoreLast();
    if (!random.chance(0.25)) return false;
    for (let more = 1 + random.below(3); more > 0 && this.missing > 0; more--, this.missing--) this.publish();
    if (suite.retention && random.chance(0.2)) this.trim();
    if (this.restores > 0 && database.newest > 4 && random.chance(0.15)) this.restore();
    return false;
  }

  private publish(): void {
    const { random, streams, suite } = this.scene;
    const { stream, rooms: all } = random.pick(streams);
    const count = random.chance(0.5) ? 1 : 1 + random.below(all.length);
    const rooms = random.shuffled(all).slice(0, count);
    if (random.chance(suite.endings)) return this.endRoom(stream);
    this.commit(keyOfStream(stream), { rooms, ...this.kindOfEvent() });
  }

  /** Its last event goes to it and to those that share its stream; the right to it ends in the same transaction. */
  private endRoom(stream: string): void {
    const { database, verdict } = this.scene;
    const room = stream === SHARED.stream ? 'project:b' : OWN.rooms[0];
    const others = stream === SHARED.stream ? ['global'] : [];
    if (database.hasEnded(room)) return;
    verdict.happened('room ended');
    database.end(room);
    this.commit(keyOfStream(stream), { rooms: [room, ...others], event: EVENT.ended });
  }

  private kindOfEvent(): Omit<NewEvent, 'rooms'> {
    const { random } = this.scene;
    const key = `k${random.below(2)}`;
    if (random.chance(0.35)) return { event: EVENT.value, key, data: { key } };
    if (random.chance(0.1)) return { event: EVENT.final, ends: [[EVENT.value, key]] };
    return { event: EVENT.fact };
  }

  private commit(stream: StreamKey, event: NewEvent): void {
    const { database, verdict } = this.scene;
    const row = database.append(stream, event);
    verdict.say(() => `commit ${row.stream} ${row.offset} ${row.id} ${row.rooms.join()} ${row.key ?? ''}`);
    this.bus.announce(row);
  }

  private trim(): void {
    const { database, random, streams, verdict } = this.scene;
    const { stream } = random.pick(streams);
    database.trim(stream, random.below(6));
    verdict.say(() => `retention: ${stream} begins at ${database.of(keyOfStream(stream)).low}`);
  }

  /** Nothing may come after a restore that would show it. */
  private restoreLast(): boolean {
    if (this.restores === 0 || this.scene.random.chance(0.5)) return false;
    this.restore();
    return true;
  }

  private restore(): void {
    const { database, random, verdict, suite, clients } = this.scene;
    this.restores--;
    const before = this.heads;
    database.restore(database.newest - random.below(8));
    if (suite.restores === 'announced') database.beginEpoch();
    verdict.happened('restored');
    verdict.say(() => `restored, epoch ${database.epoch}: ${this.heads.join()}`);
    for (const client of clients) client.restored();
    // Rights that had been given back are given back again.
    for (const { user, room } of database.denials) this.rights.grantLater(user, room);
    if (random.chance(0.5)) this.grow(before);
  }

  private get heads(): number[] {
    const { streams, database } = this.scene;
    return streams.map(({ stream }) => database.of(keyOfStream(stream)).rows.length);
  }

  /** Other rows than those that were lost bring the streams to the same length, or one further. */
  private grow(to: readonly number[]): void {
    const { streams, random } = this.scene;
    streams.forEach(({ stream, rooms }, index) => {
      const lost = to[index]! - this.heads[index]!;
      for (let missing = lost && lost + random.below(2); missing > 0; missing--) {
        this.commit(keyOfStream(stream), { rooms: [random.pick(rooms)], event: EVENT.fact });
      }
    });
  }
}
