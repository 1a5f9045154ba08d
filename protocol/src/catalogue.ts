// The lists of all events, commands and kinds of room, and how a host application adds its own.
import { agentCancel } from './commands/agent.js';
import { authRefresh } from './commands/auth.js';
import { eventsEmit } from './commands/event.js';
import * as messages from './commands/message.js';
import { presenceGet, presenceList, presenceSet } from './commands/presence.js';
import { sessionState, signalSend } from './commands/session.js';
import { debugRooms, eventsRead, subscribe, subscribeMany, unsubscribe } from './commands/subscription.js';
import { typingStart, typingStop } from './commands/typing.js';
import { workflowCancel, workflowStart, workflowStatusCommand } from './commands/workflow.js';
import type { EventData, EventDefinition } from './define-event.js';
import { agentStatusChanged } from './events/agent.js';
import * as chatRoom from './events/chat-room.js';
import { emotionUpdated } from './events/emotion.js';
import * as github from './events/github.js';
import * as message from './events/message.js';
import { notificationCreated, notificationUpdated } from './events/notification.js';
import * as operation from './events/operation.js';
import { presenceCount, presenceDiff, presenceState, presenceUpdated } from './events/presence.js';
import { projectCreated, projectDeleted, projectUpdated } from './events/project.js';
import { aiSuggestion } from './events/suggestion.js';
import { typingUpdated } from './events/typing.js';
import * as workflow from './events/workflow.js';
import { roomKinds, type RoomKind } from './room.js';

/** By name. */
export const commands = {
  subscribe,
  subscribe_many: subscribeMany,
  unsubscribe,
  'events.read': eventsRead,
  'events.emit': eventsEmit,
  'session.state': sessionState,
  'message.send': messages.messageSend,
  'message.edit': messages.messageEdit,
  'message.delete': messages.messageDelete,
  'message.react': messages.messageReact,
  'message.history': messages.messageHistory,
  'read.mark': messages.readMark,
  'signal.send': signalSend,
  'workflow.start': workflowStart,
  'workflow.cancel': workflowCancel,
  'workflow.status': workflowStatusCommand,
  'agent.cancel': agentCancel,
  'typing.start': typingStart,
  'typing.stop': typingStop,
  'presence.set': presenceSet,
  'presence.get': presenceGet,
  'presence.list': presenceList,
  'auth.refresh': authRefresh,
  'debug:rooms': debugRooms,
} as const;
export type CommandName = keyof typeof commands;
export type CommandOf<Name extends CommandName> = (typeof commands)[Name];

/** Which events and kinds of room exist. Server and client are made with one, and take their types from it. */
export interface Catalogue<
  Events extends readonly EventDefinition[] = readonly EventDefinition[],
  Kinds extends readonly RoomKind[] = readonly RoomKind[],
> {
  readonly events: Events;
  readonly roomKinds: Kinds;
}

/** From event name to the type of its data. */
export type EventMap<C extends Catalogue> = {
  [Definition in C['events'][number] as Definition['name']]: EventData<Definition>;
};

export const catalogue = {
  roomKinds,
  events: [
    projectCreated,
    projectUpdated,
    projectDeleted,
    workflow.workflowStarted,
    workflow.workflowProgress,
    workflow.workflowCompleted,
    workflow.workflowFailed,
    workflow.workflowCancelled,
    operation.rcAnalysisProgress,
    operation.matchingProgress,
    operation.generationProgress,
    operation.documentGenerationProgress,
    operation.operationFailed,
    operation.operationCompleted,
    agentStatusChanged,
    github.prCreated,
    github.prUpdated,
    github.prClosed,
    github.prMerged,
    github.issueUpdated,
    github.pushReceived,
    github.reviewSubmitted,
    github.commentCreated,
    github.checkCompleted,
    github.buildCompleted,
    github.releasePublished,
    github.githubReceived,
    aiSuggestion,
    chatRoom.sessionUpdated,
    chatRoom.conversationUpdated,
    message.messageCreated,
    message.messageUpdated,
    message.messageDeleted,
    message.messageDelta,
    chatRoom.membershipChanged,
    chatRoom.readUpdated,
    chatRoom.signalReceived,
    emotionUpdated,
    notificationCreated,
    notificationUpdated,
    typingUpdated,
    presenceUpdated,
    presenceState,
    presenceDiff,
    presenceCount,
  ],
} as const satisfies Catalogue;

export type BuiltInCatalogue = typeof catalogue;

/**
 * Adds a host application's events and kinds of room to the built-in ones.
 * @throws TypeError when a name is taken, or an event ends by one that does not exist
 */
export function extendCatalogue<
  const Events extends readonly EventDefinition[],
  const Kinds extends readonly RoomKind[],
>(own: { events: Events; roomKinds: Kinds }) {
  const extended = {
    events: [...catalogue.events, ...own.events] as const,
    roomKinds: [...catalogue.roomKinds, ...own.roomKinds] as const,
  };
  assertConsistent(extended);
  return extended;
}

function assertConsistent(checked: Catalogue): void {
  const names = checked.events.map((event) => event.name);
  const kinds = checked.roomKinds.map((kind) => kind.kind);
  for (const list of [names, kinds]) {
    const twice = list.find((name, index) => list.indexOf(name) !== index);
    if (twice !== undefined) throw new TypeError(`"${twice}" is declared twice`);
  }
  for (const event of checked.events) {
    const missing = event.endedBy?.find((name) => !names.includes(name));
    if (missing !== undefined) throw new TypeError(`event "${event.name}" ends by "${missing}", which does not exist`);
  }
}
