import { describe, expect, it } from '@jest/globals';
import { catalogue } from '@roomcast/protocol';
import fc from 'fast-check';
import { z } from 'zod';
import { toEvent } from '../../src/github/to-events.js';
import { realPayload, realPayloads, type Payload } from '../../../tests/support/github-payloads.js';

const seed = Date.now() % 2 ** 31;

/** What a subscriber gets: the data as the event's definition leaves it. */
function told(gitHubEvent: string, payload: unknown) {
  const { event, data } = toEvent(gitHubEvent, payload, '42');
  const definition = catalogue.events.find(({ name }) => name === event);
  return { event, data: JSON.parse(JSON.stringify(definition?.data.parse(data))) as unknown };
}

/** A copy in which one field, named by its path, has another value. */
function changed(payload: Payload, path: string, value: unknown): Payload {
  const [first = '', ...inner] = path.split('.');
  if (inner.length === 0) return { ...payload, [first]: value };
  return { ...payload, [first]: changed(z.looseObject({}).parse(payload[first]), inner.join('.'), value) };
}

function without(data: Record<string, unknown>, ...names: string[]) {
  return Object.fromEntries(Object.entries(data).filter(([name]) => !names.includes(name)));
}

const pullRequest = {
  pr_id: '279147437',
  project_id: '42',
  number: 2,
  title: 'Update the README with new information.',
  description: 'This is a pretty simple change that we need to pull into master.',
  author: 'Codertocat',
  branch: 'changes',
  github_url: 'https://github.com/Codertocat/Hello-World/pull/2',
};

describe('a real pull_request', () => {
  it('is pr.created when it is opened', () => {
    expect(told('pull_request', realPayload('pull_request', 'opened'))).toEqual({
      event: 'pr.created',
      data: { ...pullRequest, status: 'open', action: 'opened' },
    });
  });

  it('is pr.closed when it is closed without being merged', () => {
    expect(told('pull_request', realPayload('pull_request', 'closed'))).toEqual({
      event: 'pr.closed',
      data: { ...pullRequest, status: 'closed', action: 'closed' },
    });
  });

  it('is pr.merged, and that only, when it is closed with merged set', () => {
    const merged = changed(realPayload('pull_request', 'closed'), 'pull_request.merged', true);
    expect(told('pull_request', merged)).toEqual({
      event: 'pr.merged',
      data: { ...pullRequest, status: 'merged', action: 'closed' },
    });
  });

  it.each([
    ['assigned'],
    ['converted_to_draft'],
    ['labeled'],
    ['locked'],
    ['ready_for_review'],
    ['reopened'],
    ['review_request_removed'],
    ['review_requested'],
    ['synchronize'],
    ['unassigned'],
    ['unlabeled'],
    ['unlocked'],
  ])('is pr.updated when it is %s', (action) => {
    expect(told('pull_request', realPayload('pull_request', action))).toEqual({
      event: 'pr.updated',
      data: { ...pullRequest, status: 'open', action },
    });
  });

  it('stays merged when something of it changes later', () => {
    const labeled = changed(realPayload('pull_request', 'labeled'), 'pull_request.state', 'closed');
    const merged = changed(labeled, 'pull_request.merged_at', '2019-05-15T15:21:18Z');
    expect(told('pull_request', merged)).toMatchObject({ event: 'pr.updated', data: { status: 'merged' } });
  });

  it('may have neither a description nor an author', () => {
    const opened = changed(realPayload('pull_request', 'opened'), 'pull_request.body', null);
    expect(told('pull_request', changed(opened, 'pull_request.user', null))).toEqual({
      event: 'pr.created',
      data: without({ ...pullRequest, status: 'open', action: 'opened' }, 'description', 'author'),
    });
  });
});

const issue = {
  issue_id: '444500041',
  project_id: '42',
  number: 1,
  title: 'Spelling error in the README file',
  description: "It looks like you accidently spelled 'commit' with two 't's.",
  status: 'open',
  priority: null,
  assigned_to: 'Codertocat',
  github_url: 'https://github.com/Codertocat/Hello-World/issues/1',
};

describe('a real issues', () => {
  it('is issue.updated, whatever has happened', () => {
    const actions = realPayloads.filter(({ event }) => event === 'issues').map(({ payload }) => payload.action);
    expect(new Set(actions).size).toBeGreaterThan(14);
    for (const action of new Set(actions)) {
      expect(told('issues', realPayload('issues', String(action)))).toMatchObject({
        event: 'issue.updated',
        data: { project_id: '42', action },
      });
    }
  });

  it('tells its fields', () => {
    expect(told('issues', realPayload('issues', 'opened'))).toEqual({
      event: 'issue.updated',
      data: { ...issue, action: 'opened' },
    });
  });

  it('tells the priority that its labels name', () => {
    const labeled = realPayload('issues', 'labeled');
    const labels = [{ name: 'bug' }, { name: 'priority: high' }];
    expect(told('issues', changed(labeled, 'issue.labels', labels))).toMatchObject({ data: { priority: 'high' } });
  });

  it('is closed when it says so, and nobody may be assigned', () => {
    const closed = changed(realPayload('issues', 'edited'), 'issue.state', 'closed');
    expect(told('issues', changed(closed, 'issue.assignee', null))).toEqual({
      event: 'issue.updated',
      data: without({ ...issue, status: 'closed', action: 'edited' }, 'assigned_to'),
    });
  });

  it('tells its status also where GitHub does not say it', () => {
    const pinned = realPayload('issues', 'pinned');
    expect(told('issues', pinned)).toMatchObject({ data: { status: 'open', action: 'pinned' } });
    const ended = changed(pinned, 'issue.closed_at', '2019-05-15T15:21:18Z');
    expect(told('issues', ended)).toMatchObject({ data: { status: 'closed' } });
  });
});

describe('a real push', () => {
  it('is push.received', () => {
    const push = realPayload('push', undefined, ({ ref }) => ref === 'refs/heads/master');
    expect(told('push', push)).toEqual({
      event: 'push.received',
      data: {
        project_id: '42',
        ref: 'refs/heads/master',
        branch: 'master',
        before: '0000000000000000000000000000000000000000',
        after: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        commit_count: 1,
        message: 'Initial commit',
        pusher: 'Codertocat',
        forced: false,
        github_url: 'https://github.com/Codertocat/Hello-World/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246',
      },
    });
  });

  it('of a tag is of no branch, and its deletion has no message', () => {
    const push = realPayload('push', undefined, ({ deleted }) => deleted === true);
    expect(told('push', push)).toEqual({
      event: 'push.received',
      data: {
        project_id: '42',
        ref: 'refs/tags/simple-tag',
        before: '6113728f27ae82c7b1a177c8d03f9e96e0adf246',
        after: '0000000000000000000000000000000000000000',
        commit_count: 0,
        pusher: 'Codertocat',
        forced: false,
        github_url: 'https://github.com/Codertocat/Hello-World/compare/d70c5c6fa638^...000000000000',
      },
    });
  });

  it('keeps the slashes of a branch', () => {
    const push = changed(realPayload('push'), 'ref', 'refs/heads/feature/a/b');
    expect(told('push', push)).toMatchObject({ data: { branch: 'feature/a/b' } });
  });
});

describe('a real review', () => {
  it('is review.submitted', () => {
    expect(told('pull_request_review', realPayload('pull_request_review', 'submitted'))).toEqual({
      event: 'review.submitted',
      data: {
        project_id: '42',
        pr_id: '279147437',
        number: 2,
        reviewer: 'Codertocat',
        state: 'commented',
        github_url: 'https://github.com/Codertocat/Hello-World/pull/2#pullrequestreview-237895671',
      },
    });
  });

  it('tells its text', () => {
    const review = changed(realPayload('pull_request_review', 'submitted'), 'review.body', 'Looks good');
    expect(told('pull_request_review', review)).toMatchObject({ data: { body: 'Looks good' } });
  });
});

describe('a real comment', () => {
  it('on an issue is comment.created', () => {
    expect(told('issue_comment', realPayload('issue_comment', 'created'))).toEqual({
      event: 'comment.created',
      data: {
        project_id: '42',
        comment_id: '492700400',
        target: 'issue',
        number: 1,
        author: 'Codertocat',
        body: "You are totally right! I'll get this fixed right away.",
        github_url: 'https://github.com/Codertocat/Hello-World/issues/1#issuecomment-492700400',
      },
    });
  });

  it('on a pull request is told of as on an issue, but for the mark that says so', () => {
    const mark = { url: 'https://api.github.com/repos/Codertocat/Hello-World/pulls/1' };
    const comment = changed(realPayload('issue_comment', 'created'), 'issue.pull_request', mark);
    expect(told('issue_comment', comment)).toMatchObject({
      event: 'comment.created',
      data: { target: 'pr', number: 1 },
    });
  });

  it('on a line of a pull request belongs to a review', () => {
    expect(told('pull_request_review_comment', realPayload('pull_request_review_comment', 'created'))).toEqual({
      event: 'comment.created',
      data: {
        project_id: '42',
        comment_id: '284312630',
        target: 'review',
        number: 2,
        author: 'Codertocat',
        body: 'Maybe you should use more emoji on this line.',
        github_url: 'https://github.com/Codertocat/Hello-World/pull/2#discussion_r284312630',
      },
    });
  });

  it('on a commit has no number', () => {
    expect(told('commit_comment', realPayload('commit_comment', 'created'))).toEqual({
      event: 'comment.created',
      data: {
        project_id: '42',
        comment_id: '33548674',
        target: 'commit',
        author: 'Codertocat',
        body: 'This is a really good change! :+1:',
        github_url:
          'https://github.com/Codertocat/Hello-World/commit/6113728f27ae82c7b1a177c8d03f9e96e0adf246#commitcomment-33548674',
      },
    });
  });

  it('in a discussion has the number of the discussion', () => {
    expect(told('discussion_comment', realPayload('discussion_comment', 'created'))).toEqual({
      event: 'comment.created',
      data: {
        project_id: '42',
        comment_id: '544078',
        target: 'discussion',
        number: 90,
        author: 'Codertocat',
        body: 'I have so many questions to ask you!',
        github_url: 'https://github.com/octo-org/octo-repo/discussions/90#discussioncomment-544078',
      },
    });
  });
});

describe('a real check', () => {
  it('that has ended is check.completed', () => {
    expect(told('check_run', realPayload('check_run', 'completed'))).toEqual({
      event: 'check.completed',
      data: {
        project_id: '42',
        check_id: '128620228',
        kind: 'check_run',
        name: 'Octocoders-linter',
        conclusion: 'failure',
        head_sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821',
        github_url: 'https://github.com/Codertocat/Hello-World/runs/128620228',
      },
    });
  });

  it('may be a suite, which has the name of its app', () => {
    expect(told('check_suite', realPayload('check_suite', 'completed'))).toEqual({
      event: 'check.completed',
      data: {
        project_id: '42',
        check_id: '118578147',
        kind: 'check_suite',
        name: 'octocoders-linter',
        conclusion: 'success',
        head_sha: 'ec26c3e57ca3a959ca5aad62de7213c562f8c821',
        github_url: 'https://github.com/Codertocat/Hello-World/commit/ec26c3e57ca3a959ca5aad62de7213c562f8c821',
      },
    });
  });
});

describe('a real run of GitHub Actions', () => {
  it('that has ended is build.completed', () => {
    expect(told('workflow_run', realPayload('workflow_run', 'completed'))).toEqual({
      event: 'build.completed',
      data: {
        project_id: '42',
        run_id: '1589141559',
        name: 'Manually triggered workflow',
        number: 36,
        branch: 'main',
        github_url: 'https://github.com/octo-org/octo-repo/actions/runs/1589141559',
      },
    });
  });

  it('tells its conclusion', () => {
    const run = changed(realPayload('workflow_run', 'completed'), 'workflow_run.conclusion', 'success');
    expect(told('workflow_run', run)).toMatchObject({ data: { conclusion: 'success' } });
  });
});

describe('a real release', () => {
  it('that was published is release.published', () => {
    expect(told('release', realPayload('release', 'published'))).toEqual({
      event: 'release.published',
      data: {
        project_id: '42',
        release_id: '17372790',
        tag: '0.0.1',
        prerelease: false,
        author: 'Codertocat',
        github_url: 'https://github.com/Codertocat/Hello-World/releases/tag/0.0.1',
      },
    });
  });
});

describe('github.received', () => {
  it.each([
    ['star', 'created', 'Codertocat: star created', 'https://github.com/Codertocat/Hello-World'],
    ['label', 'created', 'Codertocat: label created – :bug: Bugfix', 'https://github.com/Codertocat/Hello-World'],
    ['fork', undefined, 'Octocoders: fork – Octocoders/Hello-World', 'https://github.com/Octocoders/Hello-World'],
    ['create', undefined, 'Codertocat: create – simple-tag', 'https://github.com/Codertocat/Hello-World'],
    ['status', undefined, 'Codertocat: status – success', 'https://github.com/Codertocat/Hello-World'],
    ['check_run', 'created', 'Codertocat: check run created – Octocoders-linter', /runs.128620228$/],
    ['release', 'edited', 'Codertocat: release edited – 0.0.1', /releases.tag.0\.0\.1$/],
    ['pull_request_review', 'dismissed', /review dismissed – Update the README with new information\.$/, /pull.902$/],
    ['issue_comment', 'deleted', /issue comment deleted – Spelling error in the README file$/, /issues.1$/],
    ['workflow_job', 'queued', 'Codertocat: workflow job queued – update', /runs.1291536064$/],
    ['deployment', 'created', 'Codertocat: deployment created – production', /Hello-World$/],
  ])('tells of a real %s %s in one line', (gitHubEvent, action, summary, url) => {
    expect(told(gitHubEvent, realPayload(gitHubEvent, action))).toEqual({
      event: 'github.received',
      data: {
        project_id: '42',
        github_event: gitHubEvent,
        ...(action === undefined ? {} : { action }),
        summary: expect.stringMatching(summary),
        sender: expect.any(String),
        github_url: expect.stringMatching(url),
      },
    });
  });

  it.each([
    ['an event that does not exist yet', 'quantum_leap', realPayload('star', 'created')],
    [
      'an action that does not exist yet',
      'pull_request',
      changed(realPayload('pull_request', 'opened'), 'action', 'x'),
    ],
    ['a field that is missing', 'pull_request', changed(realPayload('pull_request', 'opened'), 'pull_request', {})],
    ['a field of another type', 'issues', changed(realPayload('issues', 'opened'), 'issue.number', 'one')],
    ['nothing but an action', 'push', { action: 'created' }],
    ['an empty payload', 'release', {}],
  ])('is what becomes of %s', (_, gitHubEvent, payload) => {
    expect(told(gitHubEvent, payload)).toMatchObject({
      event: 'github.received',
      data: { project_id: '42', github_event: gitHubEvent, summary: expect.stringMatching(/./) },
    });
  });

  it('leaves out what a payload does not tell', () => {
    expect(told('public', {})).toEqual({
      event: 'github.received',
      data: { project_id: '42', github_event: 'public', summary: 'public' },
    });
  });

  it('has a summary of one line and of bounded length, whatever the names in it', () => {
    const label = { name: `${'a\n\u0000\t'.repeat(100)}${'👍'.repeat(300)}` };
    const { data } = toEvent('label', { action: 'created', label, sender: { login: 'ada' } }, '42');
    const summary = 'summary' in data ? data.summary : '';
    expect(summary).toMatch(/^ada: label created – a a a[^\n\t\0]*…$/u);
    expect(Array.from(summary)).toHaveLength(200);
  });
});

describe('a delivery', () => {
  it('becomes exactly one event that fits its definition, for every real payload', () => {
    const names = realPayloads.map(({ event, payload }) => told(event, payload).event);
    expect(names).toHaveLength(329);
    expect(new Set(names)).toEqual(
      new Set([
        'pr.created',
        'pr.updated',
        'pr.closed',
        'issue.updated',
        'push.received',
        'review.submitted',
        'comment.created',
        'check.completed',
        'build.completed',
        'release.published',
        'github.received',
      ]),
    );
  });

  it('becomes an event that fits its definition, whatever it holds', () => {
    const names = [...new Set(realPayloads.map(({ event }) => event)), 'unheard_of'];
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (gitHubEvent, payload) => {
        told(gitHubEvent, payload);
      }),
      { seed },
    );
  });

  it('becomes an event that fits its definition, whatever has happened to one of its fields', () => {
    const paths = fc.constantFrom(...realPayloads).chain(({ event, payload }) =>
      fc.record({
        event: fc.constant(event),
        payload: fc.constant(payload),
        path: fc.constantFrom(...pathsOf(payload)),
        value: fc.oneof(fc.constant(null), fc.jsonValue()),
      }),
    );
    fc.assert(
      fc.property(paths, ({ event, payload, path, value }) => {
        told(event, changed(payload, path, value));
      }),
      { seed, numRuns: 500 },
    );
  });

  it('may carry a message of any length', () => {
    const push = changed(realPayload('push'), 'head_commit', { message: 'x'.repeat(1_000_000) });
    const { data } = toEvent('push', push, '42');
    expect(data).toMatchObject({ message: 'x'.repeat(65_536) });
  });
});

/** The fields of a payload, two levels deep. */
function pathsOf(payload: Payload): string[] {
  return Object.entries(payload).flatMap(([name, value]) => {
    const inner = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
    return [name, ...inner.map((field) => `${name}.${field}`)].filter((path) => !/\..*\./.test(path));
  });
}
