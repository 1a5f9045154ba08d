// Deliveries about issues.
import { optional } from '@roomcast/protocol';
import { z } from 'zod';
import { account, gitHubId, mapping, text } from './mapping.js';
import { priorityOf } from '../priority.js';

const actions = [
  'assigned',
  'closed',
  'deleted',
  'demilestoned',
  'edited',
  'labeled',
  'locked',
  'milestoned',
  'opened',
  'pinned',
  'reopened',
  'transferred',
  'typed',
  'unassigned',
  'unlabeled',
  'unlocked',
  'unpinned',
  'untyped',
] as const;

const label = z.looseObject({ name: z.string() });

const issueDelivery = z.looseObject({
  action: z.enum(actions),
  issue: z.looseObject({
    id: gitHubId,
    number: z.int(),
    title: z.string(),
    body: text,
    labels: optional(z.array(label)),
    assignee: account,
    html_url: text,
    // GitHub leaves it out when an issue is pinned or unpinned.
    state: optional(z.enum(['open', 'closed'])),
    closed_at: text,
  }),
});

export const issueMapping = mapping(issueDelivery, ({ action, issue }, projectId) => ({
  event: 'issue.updated',
  data: {
    issue_id: issue.id,
    project_id: projectId,
    number: issue.number,
    title: issue.title,
    description: issue.body,
    status: issue.state ?? (issue.closed_at === undefined ? 'open' : 'closed'),
    priority: priorityOf((issue.labels ?? []).map(({ name }) => name)),
    assigned_to: issue.assignee?.login,
    github_url: issue.html_url,
    action,
  },
}));
