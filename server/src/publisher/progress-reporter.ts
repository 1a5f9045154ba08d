// Progress of the four long operations of a project, with a method for each: for services that report while they work,
// in the platform's own process or over HTTP – whatever has `emit` will do.
import type { BuiltInCatalogue } from '@roomcast/protocol';
import type { EventInput } from '../events/broadcaster.js';

type OperationEvent =
  | 'rc_analysis.progress'
  | 'matching.progress'
  | 'generation.progress'
  | 'document_generation.progress'
  | 'operation.failed'
  | 'operation.completed';

/** What reports go through: a broadcaster, the context of a workflow, or a publisher, of whatever catalogue. */
export interface Emitter {
  emit(event: OperationEvent, data: Record<string, unknown>, options?: EmitterOptions): Promise<unknown>;
}

export interface EmitterOptions {
  tenant?: string | undefined;
  id?: string | undefined;
}

/** A stage of an operation, as people read it. */
export interface Stage {
  status: string;
  /** Percent. */
  progress: number;
  message: string;
}

export interface Matching {
  current_requirement: string;
  requirements_completed: number;
  requirements_total: number;
  /** Percent; the share of the requirements when it is left out. */
  progress?: number;
}

export interface Generation {
  current_section: string;
  sections_completed: number;
  sections_total: number;
  /** Percent; the share of the sections when it is left out. */
  progress?: number;
  quality_score?: number;
}

/** `rc_analysis`, `matching`, `generation`, `document_generation`, or one of the application's own. */
export type Operation = 'rc_analysis' | 'matching' | 'generation' | 'document_generation' | (string & {});

/** Each resolves once the report is committed, and rejects as its emitter does. */
export interface ProjectReporter {
  rcAnalysis(stage: Stage): Promise<void>;
  matching(report: Matching): Promise<void>;
  generation(report: Generation): Promise<void>;
  documentGeneration(stage: Stage): Promise<void>;
  failed(operation: Operation, error: unknown): Promise<void>;
  completed(operation: Operation, result?: unknown): Promise<void>;
  /**
   * Does the work of an operation, and reports how it ends.
   * @returns what the work resolves with, which is also the result that is told
   * @throws what the work throws, once its failure is told – or could not be
   */
  during<Result>(operation: Operation, work: (report: ProjectReporter) => Promise<Result>): Promise<Result>;
}

export interface ProgressReporter {
  for(projectId: string): ProjectReporter;
}

/** @param options `tenant`: whose project is meant, where the emitter may speak for several; `default` when left out */
export function createProgressReporter(
  emitter: Emitter,
  { tenant }: { tenant?: string | undefined } = {},
): ProgressReporter {
  const options = tenant === undefined ? undefined : { tenant };
  async function emit<Name extends OperationEvent>(
    event: Name,
    data: EventInput<BuiltInCatalogue, Name>,
  ): Promise<void> {
    await emitter.emit(event, data, options);
  }

  return {
    for(projectId) {
      const where = { project_id: projectId };
      const reporter: ProjectReporter = {
        rcAnalysis: (stage) => emit('rc_analysis.progress', { ...where, ...stage }),
        matching(report) {
          const {
            requirements_completed: completed,
            requirements_total: total,
            progress = share(completed, total),
          } = report;
          return emit('matching.progress', { ...where, ...report, progress });
        },
        generation(report) {
          const { sections_completed: completed, sections_total: total, progress = share(completed, total) } = report;
          return emit('generation.progress', { ...where, ...report, progress });
        },
        documentGeneration: (stage) => emit('document_generation.progress', { ...where, ...stage }),
        failed: (operation, error) => emit('operation.failed', { ...where, operation, error: messageOf(error) }),
        completed: (operation, result) => emit('operation.completed', { ...where, operation, result }),
        async during(operation, work) {
          let result;
          try {
            result = await work(reporter);
          } catch (error) {
            // Whoever called must hear of the work's error, also where nobody could be told of it.
            await reporter.failed(operation, error).catch(() => undefined);
            throw error;
          }
          await reporter.completed(operation, result);
          return result;
        },
      };
      return reporter;
    },
  };
}

function share(completed: number, total: number): number {
  return total > 0 ? Math.min(100, Math.round((100 * completed) / total)) : 100;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
