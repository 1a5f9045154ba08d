// @roomcast/server/publisher: emitting events over HTTP. It stands alone: nothing of the server is loaded with it.
export { createPublisher, type Publisher, type PublisherOptions, type PublishOptions } from './publisher.js';
export { PublishError } from './publish-error.js';
export type { RunOfEngine, RunReport, RunReporter } from './run-reporter.js';
export {
  createProgressReporter,
  type Emitter,
  type Generation,
  type Matching,
  type Operation,
  type ProgressReporter,
  type ProjectReporter,
  type Stage,
} from './progress-reporter.js';
