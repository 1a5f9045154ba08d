// Processing a stored GitHub delivery again, by way of the API.
import { z } from 'zod';
import { defineCliCommand, UsageError } from './command.js';
import { idOption, required } from './identity-options.js';
import { accessOptions, accessUsage, callApi, serverAccess } from './server-access.js';

const answer = z.looseObject({ id: z.string(), github_event: z.string(), status: z.string(), replays: z.int() });

export const command = defineCliCommand({
  summary: 'Processes a stored GitHub delivery again',
  usage: `roomcast replay <id> [options]

  <id>               the delivery's id on this platform: GitHub shows it as the answer that the delivery got,
                     and GET /api/v1/github/deliveries lists all of them
${accessUsage}

The delivery becomes a new event, as the platform makes it of such a delivery today. Prints the delivery as JSON.`,
  options: accessOptions,
  async run({ values, positionals: [given, ...rest] }, context) {
    if (rest.length > 0) throw new UsageError(`"${rest.join(' ')}" belongs to no option`);
    const id = required('the id of the delivery', idOption('the id of the delivery', given));
    const access = serverAccess(values, ['admin'], context);
    const path = `/github/deliveries/${id}/replay`;
    context.print(JSON.stringify(await callApi(access, { method: 'POST', path, answer })));
  },
});
