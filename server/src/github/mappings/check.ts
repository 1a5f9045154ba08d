// Deliveries about what runs on a commit: checks, suites of checks, and runs of GitHub Actions. Only the end is an event
// of its own; that something was requested or has begun is passed on as it is.
import { optional } from '@roomcast/protocol';
import { z } from 'zod';
import { gitHubId, mapping, text } from './mapping.js';

const action = z.literal('completed');

const checkRunDelivery = z.looseObject({
  action,
  check_run: z.looseObject({ id: gitHubId, name: text, conclusion: text, head_sha: z.string(), html_url: text }),
});

export const checkRunMapping = mapping(checkRunDelivery, ({ check_run: run }, projectId) => ({
  event: 'check.completed',
  data: {
    project_id: projectId,
    check_id: run.id,
    kind: 'check_run',
    name: run.name,
    conclusion: run.conclusion,
    head_sha: run.head_sha,
    github_url: run.html_url,
  },
}));

const checkSuiteDelivery = z.looseObject({
  action,
  check_suite: z.looseObject({
    id: gitHubId,
    conclusion: text,
    head_sha: z.string(),
    app: optional(z.looseObject({ name: text })),
  }),
  repository: optional(z.looseObject({ html_url: text })),
});

export const checkSuiteMapping = mapping(checkSuiteDelivery, ({ check_suite: suite, repository }, projectId) => ({
  event: 'check.completed',
  data: {
    project_id: projectId,
    check_id: suite.id,
    kind: 'check_suite',
    // A suite has no name; it is all that one app says of a commit.
    name: suite.app?.name,
    conclusion: suite.conclusion,
    head_sha: suite.head_sha,
    github_url: repository?.html_url ? `${repository.html_url}/commit/${suite.head_sha}` : undefined,
  },
}));

const workflowRunDelivery = z.looseObject({
  action,
  workflow_run: z.looseObject({
    id: gitHubId,
    name: text,
    run_number: z.int(),
    head_branch: text,
    conclusion: text,
    html_url: text,
  }),
});

export const workflowRunMapping = mapping(workflowRunDelivery, ({ workflow_run: run }, projectId) => ({
  event: 'build.completed',
  data: {
    project_id: projectId,
    run_id: run.id,
    name: run.name,
    number: run.run_number,
    branch: run.head_branch,
    conclusion: run.conclusion,
    github_url: run.html_url,
  },
}));
