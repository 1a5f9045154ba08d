// Rights that are taken away and given back, of users who may be coming, going or thrown out.
import type { Bus } from './bus.js';
import type { Client } from './client.js';
import type { Scene } from './scene.js';

/** How often, and after how many steps, a client looks whether it may come again. */
const TRIES = 40;
const TRY_STEPS = 10;

export class Rights {
  private toGiveBack = 0;

  constructor(
    private readonly scene: Scene,
    private readonly bus: Bus,
  ) {}

  /** Every right was given back. */
  get settled(): boolean {
    return this.toGiveBack === 0;
  }

  /**
   * Takes a right of somebody, who may just be coming back.
   * @param room undefined: the user is thrown out
   */
  takeAway(client: Client, room: string | undefined): void {
    const { random, scheduler, owner } = this.scene;
    if (random.chance(0.5)) return this.revoke(client.user, room);
    client.connect();
    scheduler.later(owner, random.below(40), () => this.revoke(client.user, room));
  }

  grantLater(user: string, room: string | undefined): void {
    const { random, scheduler, owner } = this.scene;
    this.toGiveBack++;
    scheduler.later(owner, random.below(random.chance(0.5) ? 20 : 200), () => this.grant(user, room));
  }

  /** The transaction commits at some time, and its revocation is numbered later still. */
  private revoke(user: string, room: string | undefined): void {
    const { database, verdict } = this.scene;
    if (!(room === undefined ? database.mayConnect(user) : database.mayEnter(user, room))) return;
    const commit = database.revoke(user, room);
    this.bus.later(() => {
      commit();
      verdict.say(() => `revokes ${room ?? 'everything'} of ${user}`);
      this.bus.later(() => this.number());
      this.grantLater(user, room);
    });
  }

  private number(): void {
    const { database, verdict } = this.scene;
    for (const row of database.numberRevocations()) {
      verdict.say(() => `numbers revocation ${row.offset} ${row.data}`);
      this.bus.announce(row);
    }
  }

  private grant(user: string, room: string | undefined): void {
    const { database, verdict, clients } = this.scene;
    this.toGiveBack--;
    database.grant(user, room);
    verdict.say(() => `grants ${room ?? 'everything'} to ${user}`);
    for (const client of clients) if (client.user === user) this.tryAgain(client, room, TRIES);
  }

  /** Who learns of a revocation only after the right was given back asks then. */
  private tryAgain(client: Client, room: string | undefined, tries: number): void {
    const { scheduler, owner } = this.scene;
    if (room === undefined) client.returns();
    else if (client.view(room).revoked) return client.want(room);
    if (tries > 0) scheduler.later(owner, TRY_STEPS, () => this.tryAgain(client, room, tries - 1));
  }
}
