// /suggestions
import { aiSuggestion, id, optional, parseInput, text } from '@roomcast/protocol';
import { Router } from 'express';
import { z } from 'zod';
import type { Suggestions } from '../suggestions/suggestions.js';
import { principalOf, publisherOf } from './authenticate.js';
import { jsonObject } from './fields.js';
import { listAnswer, listRequest } from './list-query.js';

const newSuggestion = aiSuggestion.data.extend({
  suggestion_id: optional(id),
  // What other resources call it.
  id: optional(id),
  target_type: text(100),
  target_id: text(500),
  category: text(100),
  title: text(500),
  description: text(20_000, 0),
  suggested_action: optional(text(20_000, 0)),
  metadata: jsonObject.default({}),
});
const whose = z.object({ project_id: id });

export function createSuggestionsRouter(suggestions: Suggestions): Router {
  const router = Router();
  router.post('/suggestions', async (req, res) => {
    const caller = publisherOf(res);
    const { id: other, suggestion_id = other, ...input } = parseInput(newSuggestion, req.body);
    res.status(201).json(await suggestions.create(caller, { suggestion_id, ...input }));
  });
  router.get('/suggestions', async (req, res) => {
    const { project_id: projectId } = parseInput(whose, req.query);
    res.json(listAnswer(await suggestions.list(principalOf(res), projectId, listRequest(req.query))));
  });
  return router;
}
