// A run that another engine executes, as it is told: its start and its one end as events with ids of the run, so that an
// engine which does a thing again tells nothing again; its progress with the number of the attempt, newest last.
import { createHash } from 'node:crypto';
import type { BuiltInCatalogue } from '@roomcast/protocol';
import type { EventInput } from '../events/broadcaster.js';
import type { HttpCaller } from './http-caller.js';

export interface RunOfEngine {
  workflowId: string;
  name: string;
  projectId?: string | undefined;
  /** From 1; where the engine begins again with a higher one, what the older one still tells is refused. */
  attempt?: number | undefined;
}

export interface RunReport {
  /** Percent. */
  progress: number;
  current_step?: string;
  total_steps?: number;
  logs?: readonly string[];
  eta_seconds?: number;
  /** `running` when it is left out. */
  status?: string;
}

export interface RunReporter {
  started(): Promise<void>;
  /**
   * Tells how far the run is. Reports that come while another is on its way take each other's place.
   * @returns once this one or a newer one was taken
   * @throws PublishError `conflict` when a newer attempt has begun or the run has ended: the work should stop
   */
  progress(report: RunReport): Promise<void>;
  /** The one end of the run, told again it is the same. @throws PublishError `conflict` when it has ended otherwise */
  completed(result?: unknown): Promise<void>;
  /** The end of this attempt; a newer one may still go on. */
  failed(error: { code: string; message: string }): Promise<void>;
  /** @throws as `completed` */
  cancelled(): Promise<void>;
}

type Name = 'workflow.started' | 'workflow.completed' | 'workflow.failed' | 'workflow.cancelled';

interface Deps {
  post: HttpCaller['post'];
  emit(
    event: Name,
    data: EventInput<BuiltInCatalogue, 'workflow.completed'>,
    options: { id: string },
  ): Promise<unknown>;
}

const MAX_LOGS = 100;

export function createRunReporter({ post, emit }: Deps, run: RunOfEngine): RunReporter {
  const { workflowId, name, projectId, attempt } = run;
  const head = { workflow_id: workflowId, name, project_id: projectId };
  /** What is known of the run; `pending` is what was not told of it yet. */
  let known: RunReport = { progress: 0 };
  let pending: RunReport | null = null;
  let sending: Promise<void> | null = null;

  async function send(): Promise<void> {
    try {
      while (pending) {
        const { logs, ...news } = pending;
        pending = null;
        known = { ...known, ...news };
        const { status = 'running', current_step = '', total_steps = 0, ...rest } = known;
        const told = { project_id: projectId, attempt, status, current_step, total_steps, logs, ...rest };
        await post(`/workflows/${workflowId}/progress`, told);
      }
    } finally {
      sending = null;
    }
  }

  function tell(report: RunReport): Promise<void> {
    const logs = [...(pending?.logs ?? []), ...(report.logs ?? [])].slice(-MAX_LOGS);
    pending = { ...pending, ...report, logs };
    return (sending ??= send());
  }

  /** Whoever was overtaken by a newer attempt learns it from the last progress, and does not tell of an end. */
  async function end(event: Name, progress: number, more: object, id: string): Promise<void> {
    await sending;
    if (attempt !== undefined) await tell({ progress });
    await emit(event, { ...head, status: event.slice('workflow.'.length), ...more }, { id });
  }

  const ended = idOf(workflowId, 'ended');
  return {
    async started() {
      await emit('workflow.started', { ...head, status: 'running' }, { id: idOf(workflowId, 'started') });
    },
    progress: tell,
    completed: (result) => end('workflow.completed', 100, { result }, ended),
    // After a failure an engine may begin again, and fail again.
    failed: (error) => end('workflow.failed', known.progress, { error }, idOf(workflowId, `failed.${attempt ?? 1}`)),
    cancelled: () => end('workflow.cancelled', known.progress, {}, ended),
  };
}

/** An id of one event of a run, within the 128 characters that an id may have. */
function idOf(workflowId: string, what: string): string {
  const id = `${workflowId}.${what}`;
  return id.length <= 128 ? id : `${createHash('sha256').update(workflowId).digest('hex')}.${what}`;
}
