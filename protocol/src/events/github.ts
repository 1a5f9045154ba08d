// What happens in the repository of a project, as GitHub tells it. Every event goes to the project's room.
import { z } from 'zod';
import { defineEvent } from '../define-event.js';
import { optional } from '../optional.js';
import { id, rooms } from '../room.js';

const audience = (data: { project_id: string }) => [rooms.project(data.project_id)];
const url = optional(z.string());

const pullRequest = z.object({
  pr_id: id,
  project_id: id,
  number: z.int(),
  title: z.string(),
  description: optional(z.string()),
  author: optional(z.string()),
  branch: z.string(),
  github_url: url,
  status: z.enum(['open', 'closed', 'merged']),
  action: z.string(),
});

const pullRequestExample = {
  pr_id: '279147437',
  project_id: '42',
  number: 2,
  title: 'Update the README with new information.',
  description: 'This is a pretty simple change.',
  author: 'Codertocat',
  branch: 'changes',
  github_url: 'https://github.com/Codertocat/Hello-World/pull/2',
  status: 'open' as const,
  action: 'opened',
};

export const prCreated = defineEvent({
  name: 'pr.created',
  class: 'durable',
  data: pullRequest,
  rooms: audience,
  example: pullRequestExample,
  summary: 'A pull request was opened.',
});

export const prUpdated = defineEvent({
  name: 'pr.updated',
  class: 'durable',
  data: pullRequest,
  rooms: audience,
  example: { ...pullRequestExample, action: 'synchronize' },
  summary: 'A pull request changed.',
});

export const prClosed = defineEvent({
  name: 'pr.closed',
  class: 'durable',
  data: pullRequest,
  rooms: audience,
  example: { ...pullRequestExample, status: 'closed', action: 'closed' },
  summary: 'A pull request was closed without being merged.',
});

export const prMerged = defineEvent({
  name: 'pr.merged',
  class: 'durable',
  data: pullRequest,
  rooms: audience,
  example: { ...pullRequestExample, status: 'merged', action: 'closed' },
  summary: 'A pull request was merged.',
});

export const issueUpdated = defineEvent({
  name: 'issue.updated',
  class: 'durable',
  data: z.object({
    issue_id: id,
    project_id: id,
    number: z.int(),
    title: z.string(),
    description: optional(z.string()),
    status: z.enum(['open', 'closed']),
    priority: z.enum(['critical', 'high', 'medium', 'low']).nullable().default(null),
    assigned_to: optional(z.string()),
    github_url: url,
    action: z.string(),
  }),
  rooms: audience,
  example: {
    issue_id: '444500041',
    project_id: '42',
    number: 1,
    title: 'Spelling error in the README file',
    description: 'It looks like you accidentally spelled "commit" with two "t"s.',
    status: 'open',
    priority: 'high',
    assigned_to: 'Codertocat',
    github_url: 'https://github.com/Codertocat/Hello-World/issues/1',
    action: 'opened',
  },
  summary: 'An issue was opened or changed.',
});

export const pushReceived = defineEvent({
  name: 'push.received',
  class: 'durable',
  data: z.object({
    project_id: id,
    ref: z.string(),
    branch: optional(z.string()),
    before: z.string(),
    after: z.string(),
    commit_count: z.int().nonnegative(),
    message: optional(z.string()),
    pusher: optional(z.string()),
    forced: z.boolean(),
    github_url: url,
  }),
  rooms: audience,
  example: {
    project_id: '42',
    ref: 'refs/heads/main',
    branch: 'main',
    before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
    after: 'a10867b14bb761a232cd80139fbd4c0d33264240',
    commit_count: 1,
    message: 'Fix the link in the guide',
    pusher: 'Codertocat',
    forced: false,
    github_url: 'https://github.com/Codertocat/Hello-World/compare/6113728f27ae...a10867b14bb7',
  },
  summary: 'Commits, a branch or a tag were pushed.',
});

export const reviewSubmitted = defineEvent({
  name: 'review.submitted',
  class: 'durable',
  data: z.object({
    project_id: id,
    pr_id: id,
    number: z.int(),
    reviewer: optional(z.string()),
    state: z.string(),
    body: optional(z.string()),
    github_url: url,
  }),
  rooms: audience,
  example: {
    project_id: '42',
    pr_id: '279147437',
    number: 2,
    reviewer: 'Codertocat',
    state: 'approved',
    github_url: 'https://github.com/Codertocat/Hello-World/pull/2#pullrequestreview-237895671',
  },
  summary: 'A review of a pull request was submitted.',
});

export const commentCreated = defineEvent({
  name: 'comment.created',
  class: 'durable',
  data: z.object({
    project_id: id,
    comment_id: id,
    target: z.enum(['pr', 'issue', 'commit', 'discussion', 'review']),
    number: optional(z.int()),
    author: optional(z.string()),
    body: z.string(),
    github_url: url,
  }),
  rooms: audience,
  example: {
    project_id: '42',
    comment_id: '492700400',
    target: 'issue',
    number: 1,
    author: 'Codertocat',
    body: 'You are totally right!',
    github_url: 'https://github.com/Codertocat/Hello-World/issues/1#issuecomment-492700400',
  },
  summary: 'Somebody commented.',
});

export const checkCompleted = defineEvent({
  name: 'check.completed',
  class: 'durable',
  data: z.object({
    project_id: id,
    check_id: id,
    kind: z.string(),
    name: optional(z.string()),
    conclusion: optional(z.string()),
    head_sha: z.string(),
    github_url: url,
  }),
  rooms: audience,
  example: {
    project_id: '42',
    check_id: '128620228',
    kind: 'check_run',
    name: 'Octocoders-linter',
    conclusion: 'success',
    head_sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821',
    github_url: 'https://github.com/Codertocat/Hello-World/runs/128620228',
  },
  summary: 'A check of a commit ended.',
});

export const buildCompleted = defineEvent({
  name: 'build.completed',
  class: 'durable',
  data: z.object({
    project_id: id,
    run_id: id,
    name: optional(z.string()),
    number: z.int(),
    branch: optional(z.string()),
    conclusion: optional(z.string()),
    github_url: url,
  }),
  rooms: audience,
  example: {
    project_id: '42',
    run_id: '289782451',
    name: 'Build',
    number: 69,
    branch: 'main',
    conclusion: 'success',
    github_url: 'https://github.com/octo-org/octo-repo/actions/runs/289782451',
  },
  summary: 'A run of GitHub Actions ended.',
});

export const releasePublished = defineEvent({
  name: 'release.published',
  class: 'durable',
  data: z.object({
    project_id: id,
    release_id: id,
    tag: z.string(),
    name: optional(z.string()),
    body: optional(z.string()),
    prerelease: z.boolean(),
    author: optional(z.string()),
    github_url: url,
  }),
  rooms: audience,
  example: {
    project_id: '42',
    release_id: '17372790',
    tag: '0.0.1',
    prerelease: false,
    author: 'Codertocat',
    github_url: 'https://github.com/Codertocat/Hello-World/releases/tag/0.0.1',
  },
  summary: 'A release was published.',
});

export const githubReceived = defineEvent({
  name: 'github.received',
  class: 'durable',
  data: z.object({
    project_id: id,
    github_event: z.string(),
    action: optional(z.string()),
    summary: z.string(),
    sender: optional(z.string()),
    github_url: url,
  }),
  rooms: audience,
  example: {
    project_id: '42',
    github_event: 'star',
    action: 'created',
    summary: 'Codertocat: star created',
    sender: 'Codertocat',
    github_url: 'https://github.com/Codertocat/Hello-World',
  },
  summary: 'Any other GitHub delivery.',
});
