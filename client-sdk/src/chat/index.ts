// @roomcast/client/chat: what is said in sessions and conversations.
export { withChat, type Chat, type ChatOptions, type ChatRoomName, type WithChat } from './chat.js';
export type { Draft, Message, NewMessage, ShownMessage, Thread } from './thread-state.js';
