// What has still to come to rest, in words. A schedule in which something never does is stuck.
import { CONTROL_STREAM } from '../../server/src/events/log-row.js';
import type { Client } from './client.js';
import type { Scene } from './scene.js';
import { keyOfStream, streamOf } from './topology.js';

export function unrest({ database, nodes, clients }: Scene): string[] {
  const control = database.of(CONTROL_STREAM).rows.length;
  const restless = nodes.filter((node) => node.applied !== control || node.gathering > 0);
  return [
    ...restless.map((node) => `${node.name} applied ${node.applied} of ${control}`),
    ...clients.flatMap((client) => unrestOf(client, database)),
  ];
}

function unrestOf(client: Client, database: Scene['database']): string[] {
  const { connection, name } = client;
  if (client.isExpelled) return [`${name} thrown out`];
  const frames = !connection.up.empty || !connection.down.empty ? [`${connection.name} frames under way`] : [];
  const wanted = [...client.views.keys()].filter((room) => client.view(room).wanted);
  const waiting = wanted.flatMap((room) => whatIsMissing(client, room, database) ?? []);
  return [...frames, ...waiting.map((missing) => `${name} ${missing}`)];
}

function whatIsMissing(client: Client, room: string, database: Scene['database']): string | null {
  const stream = streamOf(room);
  const { rows } = database.of(keyOfStream(stream));
  const { joined, span } = client.view(room);
  if (!joined) return `not in ${room}`;
  if (client.mustHear.has(stream) && span) return `untold of the break of ${room}`;
  if (database.hasEnded(room)) return `still in ${room}`;
  const { epoch, offset = 0, last_id } = client.positions.get(stream) ?? {};
  if (epoch !== database.epoch) return `in another epoch of ${room}`;
  const cursor = client.connection.cursorOf(room)?.offset;
  if (cursor !== rows.length) return `${room} at ${cursor} of ${rows.length}`;
  // Who was not told of a break stands on a row that the log does not have.
  const isThere = offset === 0 || last_id === undefined || rows[offset - 1]?.id === last_id;
  return isThere ? null : `untold: ${room} has no ${last_id} at ${offset}`;
}
