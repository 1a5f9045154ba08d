// What happens between a commit and the nodes: the writer hands a row to its own node straight away, the others are sent
// hints, which are lost, repeated and reordered.
import type { LogRow } from '../../server/src/events/log-row.js';
import type { SimulatedNode } from './node.js';
import type { Scene } from './scene.js';

export class Bus {
  private underWay = 0;

  constructor(private readonly scene: Scene) {}

  /** Nothing will arrive any more. */
  get empty(): boolean {
    return this.underWay === 0;
  }

  announce(row: LogRow): void {
    const { random, suite, nodes, database } = this.scene;
    const { epoch } = database;
    const writer = random.pick(nodes);
    if (!random.chance(suite.ownLoss)) this.hint(writer, row, epoch);
    this.later(() => {
      for (const node of nodes) {
        if (!node.hears(row.stream) || (node === writer && !random.chance(0.2))) continue;
        for (let copies = random.chance(0.15) ? 2 : 1; copies > 0; copies--) {
          if (!random.chance(suite.hintLoss)) this.hint(node, row, epoch);
        }
      }
    });
  }

  /** Does something at some time. */
  later(act: () => void): void {
    const { scheduler, owner } = this.scene;
    this.underWay++;
    scheduler.add(owner, () => {
      this.underWay--;
      act();
    });
  }

  private hint(node: SimulatedNode, row: LogRow, epoch: string): void {
    const { process } = node;
    this.later(() => {
      if (!process.gone) node.receive(row, epoch);
    });
  }
}
