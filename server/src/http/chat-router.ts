// /sessions and /conversations: two kinds of room that keep what is said, by one set of routes.
import {
  HISTORY_DEFAULT,
  HISTORY_MESSAGES,
  id,
  newMessage,
  optional,
  parseInput,
  sessionType,
  text,
} from '@roomcast/protocol';
import { Router } from 'express';
import { z } from 'zod';
import type { Chat } from '../chat/chat.js';
import type { ChatKind } from '../chat/chat-room-entity.js';
import { chatRoomName } from '../chat/chat-room-name.js';
import { principalOf } from './authenticate.js';
import { listAnswer, listRequest, queryInteger } from './list-query.js';
import { pathId } from './path-id.js';

const MAX_PARTICIPANTS = 1_000;
const title = text(500);
const participants = z.array(id).max(MAX_PARTICIPANTS);

const newSession = z.object({
  id: optional(id),
  type: optional(sessionType),
  title: optional(title),
  project_id: optional(id),
  participant_ids: optional(participants),
  emotion: optional(z.boolean()),
});
const newConversation = z.object({
  id: optional(id),
  participant_ids: participants,
  title: optional(title),
  persona_id: optional(id),
});
const conversationChanges = z.object({ title: optional(title), archived: optional(z.boolean()) });
const changes = {
  session: conversationChanges.extend({ emotion: optional(z.boolean()) }),
  conversation: conversationChanges,
};
const participant = z.object({ user_id: id });
const readUpTo = z.object({ message_id: id });
const historyQuery = z.object({
  before: optional(id),
  cursor: optional(id),
  limit: optional(queryInteger(1, HISTORY_MESSAGES)),
});

type ChatRoutes = Pick<Chat, 'rooms' | 'messages' | 'receipts'>;

export function createChatRouter({ rooms, messages, receipts }: ChatRoutes): Router {
  const router = Router();
  router.post('/sessions', async (req, res) => {
    res.status(201).json(await rooms.createSession(principalOf(res), parseInput(newSession, req.body)));
  });
  router.post('/conversations', async (req, res) => {
    res.status(201).json(await rooms.createConversation(principalOf(res), parseInput(newConversation, req.body)));
  });
  router.use('/sessions', roomRoutes('session', { rooms, messages, receipts }));
  router.use('/conversations', roomRoutes('conversation', { rooms, messages, receipts }));
  return router;
}

function roomRoutes(kind: ChatKind, { rooms, messages, receipts }: ChatRoutes): Router {
  const router = Router();
  router.get('/', async (req, res) => {
    res.json(listAnswer(await rooms.list(principalOf(res), kind, listRequest(req.query))));
  });
  router.get('/:id', async (req, res) => {
    res.json(await rooms.find(principalOf(res), kind, pathId(req.params.id)));
  });
  for (const method of ['put', 'patch'] as const) {
    router[method]('/:id', async (req, res) => {
      const fields = parseInput(changes[kind], req.body);
      res.json(await rooms.change(principalOf(res), kind, pathId(req.params.id), fields));
    });
  }
  router.delete('/:id', async (req, res) => {
    res.json(await rooms.archive(principalOf(res), kind, pathId(req.params.id)));
  });

  router.post('/:id/participants', async (req, res) => {
    const { user_id } = parseInput(participant, req.body);
    res.json(await rooms.addParticipant(principalOf(res), kind, pathId(req.params.id), user_id));
  });
  router.delete('/:id/participants/:user_id', async (req, res) => {
    const { id: roomId, user_id } = req.params;
    res.json(await rooms.removeParticipant(principalOf(res), kind, pathId(roomId), pathId(user_id)));
  });

  router.get('/:id/messages', async (req, res) => {
    const { before, cursor, limit = HISTORY_DEFAULT } = parseInput(historyQuery, req.query);
    const room = chatRoomName(kind, pathId(req.params.id));
    const page = { before: cursor ?? before ?? null, limit };
    const { messages: items, has_more, position } = await messages.history(principalOf(res), room, page);
    res.json({ items, next_cursor: has_more ? (items[0]?.id ?? null) : null, position });
  });
  router.post('/:id/messages', async (req, res) => {
    const room = chatRoomName(kind, pathId(req.params.id));
    const { message, duplicate } = await messages.send(principalOf(res), room, parseInput(newMessage, req.body));
    res.status(duplicate ? 200 : 201).json(message);
  });
  router.post('/:id/read', async (req, res) => {
    const { message_id } = parseInput(readUpTo, req.body);
    res.json(await receipts.mark(principalOf(res), chatRoomName(kind, pathId(req.params.id)), message_id));
  });
  return router;
}
