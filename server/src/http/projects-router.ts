// /projects
import { id, optional, parseInput, text } from '@roomcast/protocol';
import { Router, type RequestHandler } from 'express';
import { z } from 'zod';
import type { Projects } from '../projects/projects.js';
import { principalOf } from './authenticate.js';
import { listAnswer, listRequest } from './list-query.js';
import { pathId } from './path-id.js';

const name = text(500);
const fields = { repository_url: optional(text(2048)), status: optional(text(100)) };
const newProject = z.object({ id: optional(id), name, ...fields });
const projectChanges = z.object({ name: optional(name), ...fields });

export function createProjectsRouter(projects: Projects): Router {
  const router = Router();
  const change: RequestHandler<{ id: string }> = async (req, res) => {
    const changes = parseInput(projectChanges, req.body);
    res.json(await projects.change(principalOf(res), pathId(req.params.id), changes));
  };

  router.post('/projects', async (req, res) => {
    res.status(201).json(await projects.create(principalOf(res), parseInput(newProject, req.body)));
  });
  router.get('/projects', async (req, res) => {
    res.json(listAnswer(await projects.list(principalOf(res), listRequest(req.query))));
  });
  router.get('/projects/:id', async (req, res) => {
    res.json(await projects.find(principalOf(res), pathId(req.params.id)));
  });
  router.put('/projects/:id', change);
  router.patch('/projects/:id', change);
  router.delete('/projects/:id', async (req, res) => {
    await projects.delete(principalOf(res), pathId(req.params.id));
    res.status(204).end();
  });
  return router;
}
