// What a host application declares of its own: a kind of room, and events of every class.
import { defineEvent, defineRoomKind, extendCatalogue, id, roomName } from '@roomcast/protocol';
import { z } from 'zod';

const order = z.object({ shop_id: id, order_id: id, total: z.number().nonnegative(), note: z.string().default('') });
const shopRoom = (data: { shop_id: string }) => [roomName('shop', data.shop_id)];

const orderPlaced = defineEvent({
  name: 'order.placed',
  class: 'durable',
  data: order,
  rooms: shopRoom,
  example: { shop_id: '1', order_id: '7', total: 12.5 },
  summary: 'Somebody has bought something.',
});

const stockChanged = defineEvent({
  name: 'stock.changed',
  class: 'state',
  key: 'article',
  data: z.object({ shop_id: id, article: z.string(), left: z.int() }),
  rooms: shopRoom,
  example: { shop_id: '1', article: 'lamp', left: 3 },
  summary: 'How many are left; the newest value counts.',
});

const visitorSeen = defineEvent({
  name: 'visitor.seen',
  class: 'ephemeral',
  data: z.object({ shop_id: id }),
  rooms: shopRoom,
  example: { shop_id: '1' },
  summary: 'Somebody looks around.',
});

const noticePosted = defineEvent({
  name: 'notice.posted',
  class: 'durable',
  data: z.object({ text: z.string() }),
  rooms: 'addressed',
  example: { text: 'Closed on Monday.' },
  summary: 'Something for whoever its emitter names.',
});

export const shopCatalogue = extendCatalogue({
  events: [orderPlaced, stockChanged, visitorSeen, noticePosted],
  roomKinds: [defineRoomKind({ kind: 'shop', stream: 'own', summary: 'One shop and all that happens in it.' })],
});
