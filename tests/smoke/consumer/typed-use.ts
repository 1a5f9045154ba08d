// A consumer in TypeScript: what is declared in the packages is enough to compile against, and wrong use does not.
import { defineEvent, extendCatalogue, type EventMap } from '@roomcast/protocol';
import { createProgressReporter, createRoomcast, defineWorkflow, type Broadcaster } from '@roomcast/server';
import { createPublisher } from '@roomcast/server/publisher';
import { z } from 'zod';

const shipped = defineEvent({
  name: 'order.shipped',
  class: 'durable',
  data: z.object({ order_id: z.string() }),
  rooms: (order) => [`project:${order.order_id}`],
  example: { order_id: '1' },
  summary: 'An order left the house.',
});

export async function ship(orderId: string): Promise<number | undefined> {
  const catalogue = extendCatalogue({ events: [shipped], roomKinds: [] });
  type Shop = typeof catalogue;
  const roomcast = await createRoomcast({ catalogue });
  const broadcaster: Broadcaster<Shop> = roomcast.broadcaster;
  const order: EventMap<Shop>['order.shipped'] = { order_id: orderId };
  // @ts-expect-error no event has this name
  await broadcaster.emit('order.lost', order);
  // @ts-expect-error an order is named by a string
  await broadcaster.emit('order.shipped', { order_id: 1 });
  const { offset } = await broadcaster.emit('order.shipped', order);
  return offset;
}

export async function render(): Promise<string> {
  const catalogue = extendCatalogue({ events: [shipped], roomKinds: [] });
  const rendering = defineWorkflow({
    name: 'rendering',
    input: z.object({ pages: z.int() }),
    catalogue,
    async run({ input, step, emit }) {
      const pages: number = await step('count', () => input.pages);
      // @ts-expect-error the step has counted pages
      const text: string = await step('count again', () => input.pages);
      await emit('order.shipped', { order_id: text });
      // @ts-expect-error no event has this name
      await emit('order.lost', { order_id: text });
      return pages;
    },
  });
  const { workflows, broadcaster } = await createRoomcast({ catalogue, workflows: [rendering] });
  // @ts-expect-error pages are a number
  await workflows.start(rendering, { pages: 'twelve' });
  const publisher = createPublisher({ url: 'http://127.0.0.1:8000', key: 'rc_key', catalogue });
  // @ts-expect-error an order is named by a string
  await publisher.emit('order.shipped', { order_id: 1 });
  for (const emitter of [broadcaster, publisher]) {
    const project = createProgressReporter(emitter).for('42');
    // @ts-expect-error how many there are is missing
    await project.matching({ current_requirement: 'Encryption', requirements_completed: 1 });
  }
  const { id } = await workflows.start(rendering, { pages: 12 }, { projectId: '42' });
  return id;
}
