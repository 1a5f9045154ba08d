// Deliveries without an event of their own are passed on with one line that tells a person what happened:
// who, what, and as far as the payload says, to what – "Codertocat: label created – bug".
import { z } from 'zod';
import { account, text, type MappedEvent } from './mapping.js';

const MAX_SUMMARY = 200;

/** What deliveries are about, where that does not stand under the name of the event. */
const subjects: Readonly<Record<string, string>> = {
  branch_protection_rule: 'rule',
  code_scanning_alert: 'alert',
  commit_comment: 'comment',
  create: 'ref',
  delete: 'ref',
  dependabot_alert: 'alert',
  deploy_key: 'key',
  deployment_review: 'workflow_run',
  discussion_comment: 'discussion',
  fork: 'forkee',
  issue_comment: 'issue',
  issues: 'issue',
  membership: 'member',
  org_block: 'blocked_user',
  organization: 'membership',
  page_build: 'build',
  pull_request_review: 'pull_request',
  pull_request_review_comment: 'pull_request',
  pull_request_review_thread: 'pull_request',
  push: 'ref',
  repository_dispatch: 'branch',
  repository_import: 'status',
  repository_vulnerability_alert: 'alert',
  secret_scanning_alert: 'alert',
  status: 'state',
  team_add: 'team',
  workflow_dispatch: 'workflow',
};

/** Where things of GitHub have their name, the best first. */
const names = ['title', 'full_name', 'tag_name', 'name', 'login', 'environment', 'note', 'state', 'status', 'body'];

// Each field by itself: a payload of a form never seen still tells what it has.
const fields = z.looseObject({
  action: text.catch(undefined),
  sender: account.catch(undefined),
  repository: z.looseObject({ html_url: text }).optional().catch(undefined),
});
const object = z.record(z.string(), z.unknown()).catch({});
const word = z.string().min(1).optional().catch(undefined);

/** @returns the `github.received` of any delivery, whatever its payload */
export function received(gitHubEvent: string, payload: unknown, projectId: string): MappedEvent {
  const { action, sender, repository, ...others } = fields.catch({}).parse(payload);
  const subject = others[subjects[gitHubEvent] ?? gitHubEvent];
  return {
    event: 'github.received',
    data: {
      project_id: projectId,
      github_event: gitHubEvent,
      action,
      summary: summary(sender?.login, [gitHubEvent, action], nameOf(subject)),
      sender: sender?.login,
      github_url: word.parse(object.parse(subject)['html_url']) ?? repository?.html_url,
    },
  };
}

function summary(sender: string | undefined, what: readonly (string | undefined)[], name: string | undefined): string {
  const did = what
    .filter((part) => part !== undefined)
    .join(' ')
    .replaceAll('_', ' ');
  const line = `${sender ? `${sender}: ` : ''}${did}${name ? ` – ${name}` : ''}`.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const characters = Array.from(line);
  return characters.length <= MAX_SUMMARY ? line : `${characters.slice(0, MAX_SUMMARY - 1).join('')}…`;
}

function nameOf(subject: unknown): string | undefined {
  if (typeof subject === 'string') return subject;
  const properties = object.parse(subject);
  return names.map((name) => word.parse(properties[name])).find((name) => name !== undefined);
}
