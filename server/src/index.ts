// The server as a library: the platform inside somebody's own application.
export { createRoomcast, getBroadcaster, type Roomcast, type RoomcastOptions } from './roomcast.js';
export type {
  Broadcaster,
  EmitItem,
  EmitOptions,
  EventInput,
  EventName,
  TransactionBroadcaster,
} from './events/broadcaster.js';
export type { Principal, Role } from './identity/principal.js';
export {
  everybody,
  oneself,
  type Decision,
  type PlainPolicy,
  type RoomPolicy,
  type StoredPolicy,
} from './rooms/access.js';
export type { Revocation } from './events/revocation.js';
export { ConfigError } from './config.js';
export { AgentFailure, defineAgent, type AgentDefinition, type Question, type Said } from './agents/agent.js';
export { signToken, type NewToken } from './identity/sign-token.js';
export {
  defineWorkflow,
  type ProgressReport,
  type StepResults,
  type WorkflowContext,
  type WorkflowDefinition,
} from './workflows/define-workflow.js';
export type { RetryOptions } from './workflows/retry.js';
export { WorkflowError, WorkflowStopped } from './workflows/workflow-error.js';
export type { StartOptions, Starter, WorkflowsDoor } from './workflows/door.js';
export type { Workflow } from './workflows/workflows.js';
export {
  createProgressReporter,
  type Emitter,
  type Generation,
  type Matching,
  type Operation,
  type ProgressReporter,
  type ProjectReporter,
  type Stage,
} from './publisher/progress-reporter.js';
