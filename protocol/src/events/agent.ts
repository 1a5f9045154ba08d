// What agents are doing.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { id, rooms } from '../room.js';
import { percent } from './workflow.js';

export const agentStatusChanged = defineEvent({
  name: 'agent.status_changed',
  class: 'state',
  key: 'agent_id',
  data: z.object({
    agent_id: id,
    agent_name: z.string(),
    status: z.string(),
    availability: percent,
    metadata: z.record(z.string(), z.unknown()).default({}),
  }),
  rooms: (data) => [rooms.agent(data.agent_id), rooms.global],
  example: { agent_id: 'coder', agent_name: 'Coder', status: 'busy', availability: 20, metadata: { active_tasks: 3 } },
  summary: 'An agent’s status; the newest value counts.',
});
