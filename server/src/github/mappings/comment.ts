// Deliveries about comments. GitHub has four kinds, each told by an event of its own.
import { optional } from '@roomcast/protocol';
import { z } from 'zod';
import { account, gitHubId, mapping, text, type MappedEvent } from './mapping.js';

const action = z.literal('created');
const comment = z.looseObject({ id: gitHubId, user: account, body: z.string(), html_url: text });
const numbered = z.looseObject({ number: z.int() });
/** GitHub tells of comments on pull requests as of those on issues; this mark is the difference. */
const issue = numbered.extend({ pull_request: optional(z.looseObject({})) });

type Target = Extract<MappedEvent, { event: 'comment.created' }>['data']['target'];

function created(
  projectId: string,
  { id, user, body, html_url }: z.output<typeof comment>,
  target: Target,
  number?: number,
): MappedEvent {
  return {
    event: 'comment.created',
    data: { project_id: projectId, comment_id: id, target, number, author: user?.login, body, github_url: html_url },
  };
}

export const issueCommentMapping = mapping(z.looseObject({ action, comment, issue }), (payload, projectId) =>
  created(projectId, payload.comment, payload.issue.pull_request ? 'pr' : 'issue', payload.issue.number),
);

export const reviewCommentMapping = mapping(
  z.looseObject({ action, comment, pull_request: numbered }),
  (payload, projectId) => created(projectId, payload.comment, 'review', payload.pull_request.number),
);

export const discussionCommentMapping = mapping(
  z.looseObject({ action, comment, discussion: numbered }),
  (payload, projectId) => created(projectId, payload.comment, 'discussion', payload.discussion.number),
);

export const commitCommentMapping = mapping(z.looseObject({ action, comment }), (payload, projectId) =>
  created(projectId, payload.comment, 'commit'),
);
