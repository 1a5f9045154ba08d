// The platform inside an Express application: a task and the event that tells of it are one transaction.
import { createServer } from 'node:http';
import { createRoomcast } from '@roomcast/server';
import express from 'express';
import { EntitySchema } from 'typeorm';

const columns = { id: { type: 'text', primary: true }, title: { type: 'text' } };
const Task = new EntitySchema({ name: 'Task', tableName: 'tasks', columns });
const roomcast = await createRoomcast({ settings: process.env, entities: [Task] });
await roomcast.dataSource.query('create table if not exists tasks (id text primary key, title text not null)');

const app = express().use(roomcast.router, express.json());
app.post('/tasks', async ({ body: { id, title } }, response) => {
  await roomcast.dataSource.transaction(async (manager) => {
    const told = { project_id: '42', operation: 'task', result: { id, title } };
    await roomcast.broadcaster.in(manager).emit('operation.completed', told);
    await manager.insert(Task, { id, title }); // where it fails, nobody is told
  });
  response.status(201).json({ id, title });
});

const server = createServer(app);
await roomcast.attach(server);
const { port, host } = roomcast.config;
server.listen(port, host, () => console.log(`listening on http://${host}:${port}`));
process.once('SIGINT', () => void roomcast.stop().then(() => server.close()));
