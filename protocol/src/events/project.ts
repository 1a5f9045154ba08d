// Facts about projects.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id, rooms } from '../room.js';

const project = z.object({
  project_id: id,
  project_name: z.string(),
  repository_url: optional(z.string()),
  status: z.string(),
  updated_by: optional(z.string()),
  changes: z.record(z.string(), z.unknown()).default({}),
});

const audience = (data: { project_id: string }) => [rooms.project(data.project_id), rooms.global];

const example = {
  project_id: '42',
  project_name: 'Atlas',
  repository_url: 'https://github.com/acme/atlas',
  status: 'active',
  updated_by: 'ada',
  changes: { status: 'active' },
};

export const projectCreated = defineEvent({
  name: 'project.created',
  class: 'durable',
  data: project,
  rooms: audience,
  example,
  summary: 'A project was created.',
});

export const projectUpdated = defineEvent({
  name: 'project.updated',
  class: 'durable',
  data: project,
  rooms: audience,
  example,
  summary: 'A project was changed; changes holds the fields of the request with their new values.',
});

export const projectDeleted = defineEvent({
  name: 'project.deleted',
  class: 'durable',
  data: project,
  rooms: audience,
  endsRoom: (data) => rooms.project(data.project_id),
  example: { ...example, changes: {} },
  summary: 'A project was deleted; its room ends.',
});
