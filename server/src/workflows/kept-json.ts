// What work leaves behind – results of steps and of runs – on its way into the database: JSON of a size that can be
// kept, and for a run's result also told.
import { WorkflowError } from './workflow-error.js';

const MAX_STEP_BYTES = 16 * 1024 * 1024;
const MAX_RESULT_BYTES = 256 * 1024;
/** An event may be nested 200 levels deep. */
const MAX_LEVELS = 100;

/** @returns JSON, or null for nothing @throws WorkflowError when it is not JSON, or too large to be kept */
export function stepJson(name: string, value: unknown): string | null {
  return json(value, `The result of the step "${name}"`, MAX_STEP_BYTES);
}

/** @returns JSON, or null for nothing @throws WorkflowError when it is not JSON, or too large for an event */
export function resultJson(value: unknown): string | null {
  return json(value, 'The result', MAX_RESULT_BYTES);
}

function json(value: unknown, what: string, most: number): string | null {
  if (value === undefined) return null;
  const text = stringify(value, what);
  if (text === undefined) throw unusable(`${what} cannot be written as JSON: it is a ${typeof value}.`);
  if (Buffer.byteLength(text) > most) throw unusable(`${what} is larger than ${String(most / 1024)} KiB.`);
  if (isDeeper(JSON.parse(text), MAX_LEVELS)) throw unusable(`${what} is nested more than ${MAX_LEVELS} levels deep.`);
  return text;
}

function stringify(value: unknown, what: string): string | undefined {
  try {
    // Undefined for a function or a symbol, whatever its types say.
    const text: unknown = JSON.stringify(value);
    return typeof text === 'string' ? text : undefined;
  } catch (cause) {
    throw unusable(`${what} cannot be written as JSON.`, cause);
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

function unusable(message: string, cause?: unknown): WorkflowError {
  return new WorkflowError('bad_result', message, { retryable: false, cause });
}
