// Emitting one event, by way of the API.
import { receipt } from '@roomcast/protocol';
import { z } from 'zod';
import { defineCliCommand, UsageError } from './command.js';
import { idOption, required } from './identity-options.js';
import { accessOptions, accessUsage, callApi, serverAccess } from './server-access.js';

export const command = defineCliCommand({
  summary: 'Emits an event',
  usage: `roomcast emit <event> <json> [--id <id>] [options]

  <event>            the name of an event, such as operation.completed
  <json>             its data, as a JSON object
  --id <id>          makes it harmless to call this again: the same id is the same event
${accessUsage}

Prints the receipt as JSON: the event's id and its place in its stream.`,
  options: { ...accessOptions, id: { type: 'string' } },
  async run({ values, positionals: [event, json, ...rest] }, context) {
    if (rest.length > 0)
      throw new UsageError(`"${rest.join(' ')}" belongs to no option; does the JSON stand in quotes?`);
    const body = {
      event: required('the name of an event', event),
      data: dataOf(required('the data of the event', json)),
      id: idOption('--id', values.id),
    };
    const access = serverAccess(values, ['publisher'], context);
    context.print(JSON.stringify(await callApi(access, { method: 'POST', path: '/events', body, answer: receipt })));
  },
});

const data = z.record(z.string(), z.unknown());

function dataOf(json: string): Record<string, unknown> {
  const parsed = data.safeParse(parse(json));
  if (parsed.success) return parsed.data;
  throw new UsageError(`the data of the event is ${json}; it takes a JSON object, such as '{"project_id": "42"}'`);
}

/** Undefined for what is no JSON. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
