// All protocols that are spoken over WebSockets; the first that knows a path serves it. A sixth existing system is one more
// line here, above 002, which knows every `/ws/{word}`: docs/dialects.md.
import type { RoomcastError } from '@roomcast/protocol';
import type { CommandRouter } from '../command-router.js';
import type { Connections } from '../connections.js';
import { createConversationChatDialect, type ConversationChatDeps } from './dialects/conversation-chat.js';
import { createDialectProtocol } from './dialects/dialect-protocol.js';
import { learningChat } from './dialects/learning-chat.js';
import { createProjectProgressDialect, type ProjectProgressDeps } from './dialects/project-progress.js';
import { createSessionChatDialect, type SessionChatDeps } from './dialects/session-chat.js';
import { userNotifications } from './dialects/user-notifications.js';
import { createNativeProtocol } from './native.js';
import type { Protocol } from './protocol.js';

interface Deps extends ProjectProgressDeps, SessionChatDeps, ConversationChatDeps {
  router: CommandRouter;
  connections: Pick<Connections, 'welcome'>;
  errorOf: (thrown: unknown, context: object) => RoomcastError;
}

export function createProtocols(deps: Deps): readonly Protocol[] {
  return [
    createNativeProtocol(deps),
    createDialectProtocol(createProjectProgressDialect(deps), deps),
    createDialectProtocol(userNotifications, deps),
    createDialectProtocol(createSessionChatDialect(deps), deps),
    createDialectProtocol(createConversationChatDialect(deps), deps),
    createDialectProtocol(learningChat, deps),
  ];
}
