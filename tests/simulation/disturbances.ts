// What happens to clients and nodes in a schedule.
import type { Client } from './client.js';
import type { Rights } from './rights.js';
import { roomsOf, type Scene } from './scene.js';

const COUNT = 14;

export class Disturbances {
  private left: number;

  constructor(
    private readonly scene: Scene,
    private readonly rights: Rights,
  ) {
    this.left = Math.ceil(COUNT * scene.suite.disturbances);
  }

  get done(): boolean {
    return this.left === 0;
  }

  /** @returns whether nothing more will happen */
  act(): boolean {
    const { random, clients, suite } = this.scene;
    if (this.done) return true;
    if (!random.chance(0.3)) return false;
    this.left--;
    const client = random.pick(clients);
    const room = random.pick(roomsOf(this.scene));
    const isRevocation = random.below(30) < suite.revocations;
    if (isRevocation) this.rights.takeAway(client, random.chance(0.8) ? room : undefined);
    else random.pick(this.ordinary)(client, room);
    return false;
  }

  private readonly ordinary: readonly ((client: Client, room: string) => void)[] = [
    () => this.crash(),
    (client) => client.connect(),
    (client) => client.connect(),
    (client) => client.connect(),
    (client, room) => client.want(room),
    (client, room) => client.want(room),
    (client, room) => client.drop(room),
    (client, room) => client.repeat(room),
    (client, room) => {
      client.drop(room);
      client.want(this.scene.random.pick(roomsOf(this.scene)));
    },
  ];

  private crash(): void {
    const { nodes, random, suite, verdict } = this.scene;
    if (!suite.crashes) return;
    const node = random.pick(nodes);
    verdict.say(() => `${node.name} dies`);
    node.die();
  }
}
