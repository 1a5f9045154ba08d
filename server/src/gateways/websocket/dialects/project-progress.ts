// Dialect 001, `/ws/projects/{id}`: how far the long operations of a project are.
import {
  commands,
  documentGenerationProgress,
  generationProgress,
  id,
  ID_PATTERN,
  matchingProgress,
  operationCompleted,
  operationFailed,
  rcAnalysisProgress,
  rooms,
} from '@roomcast/protocol';
import { z } from 'zod';
import type { Principal } from '../../../identity/principal.js';
import { endings } from '../ending.js';
import { action, told, type Dialect } from './dialect.js';

export interface ProjectProgressDeps {
  /** @throws RoomcastError `not_found` for a project that there is not, or that is another tenant's */
  findProject: (caller: Principal, projectId: string) => Promise<unknown>;
}

const ofWorkflow = z.object({ workflow_id: id });

export function createProjectProgressDialect({
  findProject,
}: ProjectProgressDeps): Dialect<{ readonly projectId: string }> {
  return {
    name: '001 projects',
    at(path) {
      const [, projectId = ''] = /^\/ws\/projects\/([^/]+)$/.exec(path) ?? [];
      return ID_PATTERN.test(projectId) ? { projectId } : null;
    },
    echo: answerPing,
    async admit(caller, { projectId }) {
      await findProject(caller, projectId);
      return undefined;
    },
    async begin({ ask, place: { projectId } }) {
      await ask(commands.subscribe, { room: rooms.project(projectId) });
    },
    // There is nothing else that the connection is for.
    revoked: (_room, { end }) => end(endings.accessDenied),

    actionIn: 'type',
    actions: {
      cancel: action(ofWorkflow, async ({ workflow_id }, { ask, say }) => {
        const { workflow } = await ask(commands['workflow.cancel'], { workflow_id });
        say({ type: 'cancel_requested', workflow_id, status: workflow.status });
      }),
      status: action(ofWorkflow, async ({ workflow_id }, { ask, say }) => {
        const { workflow } = await ask(commands['workflow.status'], { workflow_id });
        const { status, progress, current_step, total_steps } = workflow;
        say({ type: 'workflow_status', workflow_id, status, progress, current_step, total_steps });
      }),
    },
    error: ({ message, code }, operation) => ({ type: 'error', operation, error: message, code }),

    events: [
      told(rcAnalysisProgress, (data) => ({ type: 'rc_analysis_progress', ...data })),
      told(matchingProgress, (data) => ({ type: 'matching_progress', ...data })),
      told(generationProgress, ({ quality_score = null, ...data }) => {
        return { type: 'generation_progress', ...data, quality_score };
      }),
      told(documentGenerationProgress, (data) => ({ type: 'document_generation_progress', ...data })),
      told(operationFailed, ({ operation, error }) => ({ type: 'error', operation, error })),
      told(operationCompleted, ({ operation, result = null }) => ({ type: 'completion', operation, result })),
    ],
  };
}

/** The word, which is no frame. */
export function answerPing(text: string): string | null {
  return text === 'ping' ? 'pong' : null;
}
