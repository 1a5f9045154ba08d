// A consumer in plain JavaScript: both packages load and do the first thing that one asks of them.
import assert from 'node:assert/strict';
import { catalogue, defineEvent } from '@roomcast/protocol';
import { createRoomcast, getBroadcaster } from '@roomcast/server';
import { createPublisher } from '@roomcast/server/publisher';
import { z } from 'zod';

const shipped = defineEvent({
  name: 'order.shipped',
  class: 'durable',
  data: z.object({ order_id: z.string() }),
  rooms: 'addressed',
  example: { order_id: '1' },
  summary: 'An order left the house.',
});
assert.equal(shipped.name, 'order.shipped');
assert.ok(catalogue);
assert.equal(typeof createRoomcast, 'function');
assert.equal(typeof createPublisher, 'function');
assert.throws(() => getBroadcaster(), /before createRoomcast/);
console.log(`loaded on Node ${process.versions.node}`);
