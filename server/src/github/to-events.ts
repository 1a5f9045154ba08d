// What a delivery of GitHub is in the platform: a pure function of the delivery and a project, exactly one event for
// each. It reads few fields of a payload and leaves the rest alone, because GitHub adds to payloads at any time. A
// delivery that it does not know, or that lacks a field that it needs, is passed on as `github.received`.
import { catalogue } from '@roomcast/protocol';
import { checkRunMapping, checkSuiteMapping, workflowRunMapping } from './mappings/check.js';
import { pushMapping, releaseMapping } from './mappings/code.js';
import * as comment from './mappings/comment.js';
import { issueMapping } from './mappings/issue.js';
import type { MappedEvent, Mapping } from './mappings/mapping.js';
import { pullRequestMapping, reviewMapping } from './mappings/pull-request.js';
import { received } from './mappings/received.js';

const mappings: ReadonlyMap<string, Mapping> = new Map([
  ['pull_request', pullRequestMapping],
  ['pull_request_review', reviewMapping],
  ['issues', issueMapping],
  ['issue_comment', comment.issueCommentMapping],
  ['pull_request_review_comment', comment.reviewCommentMapping],
  ['commit_comment', comment.commitCommentMapping],
  ['discussion_comment', comment.discussionCommentMapping],
  ['push', pushMapping],
  ['release', releaseMapping],
  ['check_run', checkRunMapping],
  ['check_suite', checkSuiteMapping],
  ['workflow_run', workflowRunMapping],
]);

/**
 * @param gitHubEvent the header `X-GitHub-Event`
 * @param payload the delivery's JSON
 * @returns the event that the project's room is told
 */
export function toEvent(gitHubEvent: string, payload: unknown, projectId: string): MappedEvent {
  const mapped = mappings.get(gitHubEvent)?.(payload, projectId);
  return mapped && fits(mapped) ? mapped : received(gitHubEvent, payload, projectId);
}

function fits({ event, data }: MappedEvent): boolean {
  const definition = catalogue.events.find(({ name }) => name === event);
  return definition?.data.safeParse(data).success === true;
}
