// The table of all commands: what each does, in terms of the features that do it.
import {
  commands,
  HISTORY_DEFAULT,
  RoomcastError,
  type CommandName,
  type CommandOf,
  type SubscribeItem,
} from '@roomcast/protocol';
import type { z } from 'zod';
import type { Answers } from './agents/answers/answers.js';
import type { Chat } from './chat/chat.js';
import { wireStream } from './events/log-row.js';
import { handler, type Handler } from './gateways/command-router.js';
import type { Principal } from './identity/principal.js';
import type { Outcome } from './rooms/catch-up.js';
import type { Presence } from './presence/presence.js';
import { typingPlace, type Typing } from './presence/typing.js';
import type { Member } from './rooms/member.js';
import type { MayEnter } from './rooms/may-enter.js';
import type { Publish } from './rooms/publish.js';
import type { ReadEvents } from './rooms/read-events.js';
import type { Recheck } from './rooms/recheck.js';
import { roomKey, wireRoom } from './rooms/room-key.js';
import type { Workflows } from './workflows/workflows.js';

interface Deps {
  publish: Publish;
  readEvents: ReadEvents;
  authenticate: (credential: string) => Promise<Principal>;
  recheck: Recheck;
  answers: Pick<Answers, 'cancel'>;
  chat: Pick<Chat, 'messages' | 'receipts' | 'sessionState' | 'signal'>;
  workflows: Pick<Workflows, 'start' | 'cancel' | 'find'>;
  presence: Pick<Presence, 'set' | 'get' | 'list'>;
  typing: Pick<Typing, 'start' | 'end'>;
  mayEnter: MayEnter;
}

type AckOf<Name extends CommandName> = z.output<CommandOf<Name>['ack']>;
type ManyResult = AckOf<'subscribe_many'>['results'][number];

export function createCommands(deps: Deps) {
  const { publish, readEvents, authenticate, recheck, answers, chat, workflows, presence, typing, mayEnter } = deps;
  return {
    subscribe: handler(
      commands.subscribe,
      ({ subscriptions }, item, reply) =>
        new Promise((resolve, reject) => {
          const answer = ([outcome]: Outcome[]) => {
            if (!outcome || outcome instanceof RoomcastError) return reject(outcome ?? new RoomcastError('not_found'));
            resolve(reply({ room: item.room, ...outcome }));
          };
          subscriptions.subscribe({ items: [item], single: true, reply: answer });
        }),
    ),

    subscribe_many: handler(commands.subscribe_many, ({ subscriptions }, { rooms }, reply) => {
      const answer = (outcomes: Outcome[]) =>
        reply({ results: outcomes.map((outcome, index) => result(rooms[index], outcome)) });
      subscriptions.subscribe({ items: rooms, single: false, reply: answer });
    }),

    unsubscribe: handler(
      commands.unsubscribe,
      ({ subscriptions }, { room }, reply) =>
        new Promise((resolve, reject) =>
          subscriptions.unsubscribe(room, (left) => {
            if (left) resolve(reply({ room }));
            else reject(new RoomcastError('not_found', 'room: this connection is not in it'));
          }),
        ),
    ),

    'events.read': handler(commands['events.read'], async ({ member }, request, reply) =>
      reply(await readEvents(member.principal, request)),
    ),

    'events.emit': handler(commands['events.emit'], async ({ member }, event, reply) => {
      const [receipt] = await publish(member.principal, [event]);
      if (receipt) reply(receipt);
    }),

    'session.state': handler(commands['session.state'], async ({ member }, { session_id }, reply) =>
      reply(await chat.sessionState(member.principal, session_id)),
    ),

    'message.send': handler(commands['message.send'], async ({ member }, { room, ...message }, reply) =>
      reply(await chat.messages.send(member.principal, room, message)),
    ),

    'message.edit': handler(commands['message.edit'], async ({ member }, { message_id, content }, reply) =>
      reply({ message: await chat.messages.edit(member.principal, message_id, content) }),
    ),

    'message.delete': handler(commands['message.delete'], async ({ member }, { message_id }, reply) =>
      reply({ message: await chat.messages.delete(member.principal, message_id) }),
    ),

    'message.react': handler(commands['message.react'], async ({ member }, { message_id, emoji, on }, reply) =>
      reply({ message: await chat.messages.react(member.principal, message_id, emoji, on) }),
    ),

    'message.history': handler(commands['message.history'], async ({ member }, { room, before, limit }, reply) => {
      const page = { before: before ?? null, limit: limit ?? HISTORY_DEFAULT };
      reply(await chat.messages.history(member.principal, room, page));
    }),

    'read.mark': handler(commands['read.mark'], async ({ member }, { room, message_id }, reply) =>
      reply(await chat.receipts.mark(member.principal, room, message_id)),
    ),

    'signal.send': handler(commands['signal.send'], async ({ member }, signal, reply) => {
      await chat.signal(member.principal, signal);
      reply({});
    }),

    'agent.cancel': handler(commands['agent.cancel'], async ({ member }, { message_id, client_id }, reply) => {
      await answers.cancel(member.principal, { messageId: message_id, clientId: client_id });
      reply({});
    }),

    'workflow.start': handler(commands['workflow.start'], async ({ member }, start, reply) =>
      reply({ workflow: await workflows.start(member.principal, start, { repeatable: true }) }),
    ),

    'workflow.cancel': handler(commands['workflow.cancel'], async ({ member }, { workflow_id: id }, reply) =>
      reply({ workflow: await workflows.cancel(member.principal, id) }),
    ),

    'workflow.status': handler(commands['workflow.status'], async ({ member }, { workflow_id: id }, reply) =>
      reply({ workflow: await workflows.find(member.principal, id) }),
    ),

    'typing.start': handler(commands['typing.start'], async ({ member }, { room }, reply) => {
      const place = typingPlace(await mayEnter(member, room));
      if (!member.closed) typing.start(member, place);
      reply({});
    }),

    'typing.stop': handler(commands['typing.stop'], async ({ member }, { room }, reply) => {
      typing.end(member, typingPlace(await mayEnter(member, room)));
      reply({});
    }),

    'presence.set': handler(commands['presence.set'], async ({ member }, { status }, reply) => {
      await presence.set(member.principal, status);
      reply({});
    }),

    'presence.get': handler(commands['presence.get'], async ({ member }, { user_ids }, reply) =>
      reply({ users: await presence.get(member.principal.tenant, user_ids) }),
    ),

    'presence.list': handler(commands['presence.list'], async ({ member }, { room, ...page }, reply) => {
      await mayEnter(member, room);
      reply(await presence.list(roomKey(member.principal.tenant, room), page, member));
    }),

    'auth.refresh': handler(commands['auth.refresh'], async ({ member }, { token }, reply) => {
      member.principal = sameUser(member.principal, await authenticate(token));
      await recheck.member(member);
      const { expiresAt } = member.principal;
      reply(expiresAt ? { expires_at: expiresAt.toISOString() } : {});
    }),

    'debug:rooms': handler(commands['debug:rooms'], ({ member }, _payload, reply) => reply({ rooms: roomsOf(member) })),
  } satisfies Record<CommandName, Handler>;
}

function result(item: SubscribeItem | undefined, outcome: Outcome): ManyResult {
  const room = item?.room ?? '';
  if (outcome instanceof RoomcastError) return { room, status: 'error', error: outcome.toWire() };
  return { room, status: 'success', ...outcome };
}

function sameUser(old: Principal, renewed: Principal): Principal {
  if (old.tenant === renewed.tenant && old.userId === renewed.userId) return renewed;
  throw new RoomcastError('forbidden', 'token: belongs to another user than this connection');
}

function roomsOf(member: Member): AckOf<'debug:rooms'>['rooms'] {
  return [...member.subscriptions].map(([room, { sequencer }]) => {
    const { offset, epoch, lastId } = sequencer.position;
    const place = { room: wireRoom(room), stream: wireStream(sequencer.stream), offset, epoch };
    return lastId === null ? place : { ...place, last_id: lastId };
  });
}
