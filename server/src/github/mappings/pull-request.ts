// Deliveries about pull requests and their reviews.
import { optional } from '@roomcast/protocol';
import { z } from 'zod';
import { account, gitHubId, mapping, text } from './mapping.js';

const changes = [
  'assigned',
  'auto_merge_disabled',
  'auto_merge_enabled',
  'converted_to_draft',
  'demilestoned',
  'dequeued',
  'edited',
  'enqueued',
  'labeled',
  'locked',
  'milestoned',
  'ready_for_review',
  'reopened',
  'review_request_removed',
  'review_requested',
  'synchronize',
  'unassigned',
  'unlabeled',
  'unlocked',
] as const;

const pullRequest = z.looseObject({
  id: gitHubId,
  number: z.int(),
  title: z.string(),
  body: text,
  user: account,
  head: z.looseObject({ ref: z.string() }),
  html_url: text,
  state: z.enum(['open', 'closed']),
  merged: optional(z.boolean()),
  merged_at: text,
});

const pullRequestDelivery = z.looseObject({
  action: z.enum(['opened', 'closed', ...changes]),
  pull_request: pullRequest,
});

export const pullRequestMapping = mapping(pullRequestDelivery, ({ action, pull_request: pr }, projectId) => {
  const merged = pr.merged === true || pr.merged_at !== undefined;
  const data = {
    pr_id: pr.id,
    project_id: projectId,
    number: pr.number,
    title: pr.title,
    description: pr.body,
    author: pr.user?.login,
    branch: pr.head.ref,
    github_url: pr.html_url,
    status: merged ? ('merged' as const) : pr.state,
    action,
  };
  if (action === 'opened') return { event: 'pr.created', data };
  if (action !== 'closed') return { event: 'pr.updated', data };
  return { event: merged ? 'pr.merged' : 'pr.closed', data };
});

const reviewDelivery = z.looseObject({
  action: z.literal('submitted'),
  review: z.looseObject({ user: account, state: z.string(), body: text, html_url: text }),
  pull_request: z.looseObject({ id: gitHubId, number: z.int() }),
});

export const reviewMapping = mapping(reviewDelivery, ({ review, pull_request: pr }, projectId) => ({
  event: 'review.submitted',
  data: {
    pr_id: pr.id,
    project_id: projectId,
    number: pr.number,
    reviewer: review.user?.login,
    state: review.state,
    body: review.body,
    github_url: review.html_url,
  },
}));
