// Deliveries about the code itself: pushes and releases.
import { optional } from '@roomcast/protocol';
import { z } from 'zod';
import { account, gitHubId, mapping, text } from './mapping.js';

const BRANCH = 'refs/heads/';
/** Characters of a commit's message that are passed on. GitHub limits other texts to this, but not messages. */
const MAX_MESSAGE = 65_536;

const pushDelivery = z.looseObject({
  ref: z.string(),
  before: z.string(),
  after: z.string(),
  forced: optional(z.boolean()),
  compare: text,
  commits: optional(z.array(z.unknown())),
  // Null when a branch or tag was deleted.
  head_commit: optional(z.looseObject({ message: text })),
  pusher: optional(z.looseObject({ name: text })),
});

export const pushMapping = mapping(pushDelivery, (push, projectId) => ({
  event: 'push.received',
  data: {
    project_id: projectId,
    ref: push.ref,
    branch: push.ref.startsWith(BRANCH) ? push.ref.slice(BRANCH.length) : undefined,
    before: push.before,
    after: push.after,
    commit_count: push.commits?.length ?? 0,
    message: push.head_commit?.message?.slice(0, MAX_MESSAGE),
    pusher: push.pusher?.name,
    forced: push.forced ?? false,
    github_url: push.compare,
  },
}));

const releaseDelivery = z.looseObject({
  action: z.literal('published'),
  release: z.looseObject({
    id: gitHubId,
    tag_name: z.string(),
    name: text,
    body: text,
    prerelease: z.boolean(),
    author: account,
    html_url: text,
  }),
});

export const releaseMapping = mapping(releaseDelivery, ({ release }, projectId) => ({
  event: 'release.published',
  data: {
    project_id: projectId,
    release_id: release.id,
    tag: release.tag_name,
    name: release.name,
    body: release.body,
    prerelease: release.prerelease,
    author: release.author?.login,
    github_url: release.html_url,
  },
}));
