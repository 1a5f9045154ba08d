// Watching a room from a terminal or a script.
import type { Envelope } from '@roomcast/protocol';
import { defineCliCommand, UsageError } from './command.js';
import { followRoom } from './follow-room.js';
import { required } from './identity-options.js';
import { accessOptions, accessUsage, serverAccess } from './server-access.js';

export const command = defineCliCommand({
  summary: 'Prints the events of a room as they come',
  usage: `roomcast tail <room> [--after <offset>] [--count <n>] [--json] [options]

  <room>             such as project:42 or global
  --after <offset>   begins with the events after this offset, 0 for all that are kept; left out: with the next one
  --count <n>        ends after so many events; left out: never
  --json             prints whole envelopes; left out: offset, time, name and data, with tabs between them
${accessUsage}

Goes on after a break of the connection from where it was: no event is missed or printed twice. What happens to the
connection is told on standard error. Rooms of one user need a token of that user: see roomcast token.`,
  options: {
    ...accessOptions,
    after: { type: 'string' },
    count: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
  async run({ values, positionals: [room, ...rest] }, context) {
    if (rest.length > 0) throw new UsageError(`"${rest.join(' ')}" belongs to no option`);
    const after = numberOption('--after', 0, values.after);
    let left = numberOption('--count', 1, values.count) ?? Infinity;
    const line = values.json ? (event: Envelope) => JSON.stringify(event) : lineOf;
    await followRoom({
      access: serverAccess(values, [], context),
      room: required('the name of a room', room),
      after,
      onEvent(event) {
        if (left <= 0) return false;
        context.print(line(event));
        return --left > 0;
      },
      note: context.note,
    });
  },
});

function lineOf({ offset, timestamp, event, data }: Envelope): string {
  return [offset ?? '-', timestamp, event, JSON.stringify(data)].join('\t');
}

function numberOption(option: string, least: number, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value) && Number(value) >= least) return Number(value);
  throw new UsageError(`${option} holds "${value}"; it takes a whole number from ${least} on`);
}
