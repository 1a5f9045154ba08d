// The version of the protocol, and the fingerprint that makes a change of any schema a decision instead of an accident.
import { z } from 'zod';
import type { Catalogue } from './catalogue.js';
import type { CommandDefinition } from './define-command.js';

/** Sent in `connection_established`. The minor part counts additions, the major part what old clients cannot read. */
export const PROTOCOL_VERSION = '1.5';

/** All that clients can see of the schemas, as JSON Schema, in a stable order. */
export function describeProtocol(catalogue: Catalogue, commands: Readonly<Record<string, CommandDefinition>>) {
  return {
    rooms: catalogue.roomKinds.map(({ kind, stream, single }) => ({ kind, stream, single })),
    events: catalogue.events.map(({ name, version, class: deliveryClass, key, endedBy, data }) => ({
      name,
      version,
      class: deliveryClass,
      key,
      endedBy,
      data: z.toJSONSchema(data, { io: 'input' }),
    })),
    commands: Object.values(commands).map(({ name, payload, ack, errors }) => ({
      name,
      errors,
      payload: z.toJSONSchema(payload, { io: 'input' }),
      ack: z.toJSONSchema(ack, { io: 'input' }),
    })),
  };
}
