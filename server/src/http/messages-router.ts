// /messages and the search in them
import { emoji, messageChange, optional, parseInput, text } from '@roomcast/protocol';
import { Router, type RequestHandler } from 'express';
import { z } from 'zod';
import type { Chat } from '../chat/chat.js';
import { principalOf } from './authenticate.js';
import { queryInteger } from './list-query.js';
import { pathId } from './path-id.js';

const MAX_FOUND = 200;
const DEFAULT_FOUND = 50;

const searchQuery = z.object({
  q: text(500),
  room: optional(z.string()),
  limit: optional(queryInteger(1, MAX_FOUND)),
  cursor: optional(z.string()),
});
const reaction = z.object({ emoji });

export function createMessagesRouter({ messages, search }: Pick<Chat, 'messages' | 'search'>): Router {
  const router = Router();
  const react =
    (on: boolean): RequestHandler<{ id: string; emoji: string }> =>
    async (req, res) => {
      const { emoji: named } = parseInput(reaction, { emoji: req.params.emoji });
      res.json(await messages.react(principalOf(res), pathId(req.params.id), named, on));
    };

  router.patch('/messages/:id', async (req, res) => {
    const { content } = parseInput(messageChange, req.body);
    res.json(await messages.edit(principalOf(res), pathId(req.params.id), content));
  });
  router.delete('/messages/:id', async (req, res) => {
    res.json(await messages.delete(principalOf(res), pathId(req.params.id)));
  });
  router.put('/messages/:id/reactions/:emoji', react(true));
  router.delete('/messages/:id/reactions/:emoji', react(false));

  router.get('/search/messages', async (req, res) => {
    const { q, room, limit = DEFAULT_FOUND, cursor } = parseInput(searchQuery, req.query);
    res.json(await search(principalOf(res), { q, room, limit, cursor }));
  });
  return router;
}
