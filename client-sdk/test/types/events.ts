// What must compile, and what must not: each expected error is itself an error when it goes away.
import { defineEvent, defineRoomKind, extendCatalogue } from '@roomcast/protocol';
import { createClient, type Client, type EventOf } from '@roomcast/client';
import { withPresence } from '@roomcast/client/presence';
import { z } from 'zod';

export function builtIn(client: Client): void {
  const room = client.room('project:42');
  room.on('project.updated', ({ event, data, offset }) => {
    const name: 'project.updated' = event;
    const status: string = data.status;
    const at: number | undefined = offset;
    // @ts-expect-error there is no such field
    const missing: unknown = data.statuss;
    // @ts-expect-error a status is not a number
    const wrong: number = data.status;
    return [name, status, at, missing, wrong];
  });
  // @ts-expect-error there is no such event
  room.on('project.update', () => {});
  // @ts-expect-error there is no such kind of room
  client.room('projects:42');
  // @ts-expect-error a room has a name
  client.room(42);
}

export function emitting(client: Client): void {
  void client.emit('project.updated', { project_id: '42', project_name: 'Atlas', status: 'active' });
  // @ts-expect-error a field is missing
  void client.emit('project.updated', { project_id: '42', status: 'active' });
  // @ts-expect-error a field is of another type
  void client.emit('project.updated', { project_id: 42, project_name: 'Atlas', status: 'active' });
  // @ts-expect-error a value is none of those that there are
  void client.emit('notification.created', { notification: { level: 'urgent' } });
  // @ts-expect-error there is no such event
  void client.emit('project.update', {});
}

export async function commands(client: Client): Promise<unknown[]> {
  const { events, has_more } = await client.command('events.read', { room: 'project:42', offset: 0 });
  const more: boolean = has_more;
  // @ts-expect-error there is no such field
  const missing: unknown = events[0]?.payload;
  // @ts-expect-error a field is missing
  await client.command('events.read', { room: 'project:42' });
  // @ts-expect-error the client subscribes itself
  await client.command('subscribe', { room: 'project:42' });
  // @ts-expect-error there is no such command
  await client.command('events.delete', {});
  return [more, missing];
}

export async function iterating(client: Client, take: (value: unknown) => void): Promise<void> {
  for await (const event of client.room('global').events()) {
    if (event.event === 'workflow.progress') {
      const percent: number = event.data.progress;
      take(percent);
    }
    // @ts-expect-error which event it is was not asked
    take(event.data.progress);
  }
  // @ts-expect-error a position has an epoch
  take(client.room('global').events({ after: { offset: 1 } }));
}

const orderShipped = defineEvent({
  name: 'order.shipped',
  class: 'durable',
  data: z.object({ order_id: z.string(), parcels: z.number().default(1) }),
  rooms: ({ order_id }) => [`order:${order_id}`],
  example: { order_id: '1' },
  summary: 'An order left the house.',
});
const order = defineRoomKind({ kind: 'order', stream: 'tenant', summary: 'One order.' });
export const catalogue = extendCatalogue({ events: [orderShipped], roomKinds: [order] });

export function ofAHost(): void {
  const client = createClient<typeof catalogue>({ url: 'https://events.example.com', getToken: () => 'a token' });
  client.room('order:1').on('order.shipped', ({ data }) => {
    const parcels: number = data.parcels;
    return parcels;
  });
  client.room('project:42').on('project.updated', ({ data }) => data.status);
  void client.emit('order.shipped', { order_id: '1' });
  // @ts-expect-error a field is of another type
  void client.emit('order.shipped', { order_id: '1', parcels: 'two' });
  // @ts-expect-error there is no such kind of room
  client.room('orders:1');
}

type Catalogue = typeof catalogue;
export const shipped = (event: EventOf<Catalogue, 'order.shipped'>): string => event.data.order_id;

export function options(): void {
  // @ts-expect-error a client needs a way to tokens
  createClient({ url: 'https://events.example.com' });
  // @ts-expect-error there are two ways to acknowledge
  createClient({ getToken: () => 'a token', ack: 'later' });
}

export function presence(client: Client, own: Client<typeof catalogue>): unknown[] {
  const { members, typing } = withPresence(client, { userId: 'ada' }).presence('project:42').getSnapshot();
  const name: string | undefined = members?.[0]?.name;
  const agent: boolean | undefined = typing[0]?.is_ai;
  withPresence(own).presence('order:1').typing();
  // @ts-expect-error there is no such kind of room
  withPresence(client).presence('order:1');
  // @ts-expect-error nobody is invisible
  const status: 'invisible' | undefined = members?.[0]?.status;
  return [name, agent, status];
}
