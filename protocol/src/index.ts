// What server and client agree on.
export * from './catalogue.js';
export * from './define-command.js';
export * from './define-event.js';
export * from './envelope.js';
export * from './errors.js';
export * from './optional.js';
export * from './room.js';
export * from './text.js';
export * from './version.js';
export * from './events/operation.js';
export { notification, notificationCreated, notificationLevel } from './events/notification.js';
export { aiSuggestion } from './events/suggestion.js';
export { agentStatusChanged } from './events/agent.js';
export { runFailure, workflowProgress } from './events/workflow.js';
export { emotion, emotionUpdated } from './events/emotion.js';
export { connectionEvents, type ConnectionEvents } from './events/connection.js';
export {
  conversation,
  session,
  sessionType,
  sessionUpdated,
  type Conversation,
  type Session,
} from './events/chat-room.js';
export { message, messageCreated, type Message } from './events/message.js';
export {
  emoji,
  HISTORY_DEFAULT,
  HISTORY_MESSAGES,
  messageChange,
  newMessage,
  type NewMessage,
} from './commands/message.js';
export { CONNECTED_USERS } from './commands/session.js';
export {
  MOST_MEMBERS_TOLD,
  presenceCount,
  presenceDiff,
  presenceState,
  presenceStatus,
  presenceUpdated,
  type PresencePage,
  type PresenceStatus,
  type RoomMember,
  type UserPresence,
} from './events/presence.js';
export { typingUpdated } from './events/typing.js';
export { PRESENCE_PAGE, presenceGet } from './commands/presence.js';
export { emitPayload, receipt, type Receipt } from './commands/event.js';
export {
  PAGE_EVENTS,
  subscribePayload,
  unrecoveredReason,
  type SubscribeAck,
  type SubscribeItem,
  type UnrecoveredReason,
} from './commands/subscription.js';
export { newWorkflow, workflow, workflowStatus } from './commands/workflow.js';
