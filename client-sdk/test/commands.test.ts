// Commands: what waits, what is repeated, what is not.
import { describe, expect, it } from '@jest/globals';
import { eventually } from '../../tests/support/eventually.js';
import { project, start } from './started.js';

const emitsOf = (server: ReturnType<typeof start>['server']) =>
  server.commands.filter(({ name }) => name === 'events.emit').map(({ payload }) => payload);

describe('emit', () => {
  it('waits for a connection and answers with the receipt', async () => {
    const { client, server } = start();
    const receipt = await client.emit('project.updated', project('42'), { id: 'mine' });
    expect(receipt).toMatchObject({ stream: 'tenant', offset: 1, epoch: 'epoch-1', duplicate: false });
    expect(emitsOf(server)).toEqual([{ event: 'project.updated', data: project('42'), id: 'mine' }]);
  });

  it('is repeated under one id after a connection that ended before the answer', async () => {
    const { client, server } = start();
    await client.room('global').subscribe();
    server.handle('events.emit', () => null);
    const emitted = client.emit('project.updated', project('42'));
    await eventually(() => expect(emitsOf(server).length).toBe(1));
    server.handle('events.emit', () => ({ id: 'e', duplicate: true }));
    server.disconnect();
    await expect(emitted).resolves.toMatchObject({ duplicate: true });
    const [first, second] = emitsOf(server);
    expect(first?.id).toMatch(/^[0-9a-f]{32}$/);
    expect(second).toEqual(first);
  });

  it('is repeated when no answer comes in time, and when the server says that it may be', async () => {
    const { client, server } = start({ timing: { commandTimeoutMs: 30 } });
    server.handle('events.emit', () => {
      const count = emitsOf(server).length;
      if (count === 1) return null;
      if (count === 2) return { error: { code: 'unavailable', message: 'Later', retryable: true } };
      return { id: 'e', duplicate: false };
    });
    await expect(client.emit('project.updated', project('42'))).resolves.toEqual(expect.objectContaining({ id: 'e' }));
    expect(new Set(emitsOf(server).map(({ id }) => id)).size).toBe(1);
  });

  it('goes out in order after a reconnect', async () => {
    const { client, server } = start();
    await client.room('global').subscribe();
    server.down();
    const emitted = ['1', '2', '3'].map((id) => client.emit('project.updated', project(id), { id }));
    server.up();
    await Promise.all(emitted);
    expect(emitsOf(server).map(({ id }) => id)).toEqual(['1', '2', '3']);
  });

  it('rejects with an error that a repeat would not change', async () => {
    const { client, server } = start();
    const issues = [{ path: 'data.status', message: 'is missing' }];
    server.handle('events.emit', () => ({ error: { code: 'bad_request', message: 'No', retryable: false, issues } }));
    const emitted = client.emit('project.updated', project('42'));
    await expect(emitted).rejects.toMatchObject({ code: 'bad_request', retryable: false, issues });
    expect(emitsOf(server).length).toBe(1);
  });

  it('is given up by a signal', async () => {
    const { client, server } = start();
    server.down();
    const giveUp = new AbortController();
    const emitted = client.emit('project.updated', project('42'), { signal: giveUp.signal });
    giveUp.abort(new Error('enough'));
    await expect(emitted).rejects.toThrow('enough');
    server.up();
    await client.room('global').subscribe();
    expect(emitsOf(server)).toEqual([]);
  });

  it('is rejected when the client is closed', async () => {
    const { client, server } = start();
    server.down();
    const emitted = client.emit('project.updated', project('42'));
    client.close();
    await expect(emitted).rejects.toMatchObject({ code: 'closed' });
  });

  it('is turned away where a thousand wait already', async () => {
    const { client, server } = start();
    server.down();
    const waiting = Array.from({ length: 1000 }, () => client.emit('project.updated', project('42')));
    await expect(client.emit('project.updated', project('42'))).rejects.toMatchObject({ code: 'queue_full' });
    server.up();
    await Promise.all(waiting);
  });
});

describe('a command', () => {
  it('answers with what the ack says', async () => {
    const { client, server } = start();
    server.handle('debug:rooms', () => ({ rooms: [] }));
    await expect(client.command('debug:rooms', {})).resolves.toMatchObject({ rooms: [] });
  });

  it('that may not be done twice rejects when no answer came', async () => {
    const { client, server } = start({ timing: { commandTimeoutMs: 30 } });
    server.handle('debug:rooms', () => null);
    await expect(client.command('debug:rooms', {})).rejects.toMatchObject({ code: 'timeout', retryable: true });
    expect(server.commands.length).toBe(1);
  });

  it('that was turned away before it began is sent again', async () => {
    const { client, server } = start();
    server.handle('debug:rooms', () => {
      if (server.commands.length > 1) return { rooms: [] };
      return { error: { code: 'rate_limited', message: 'Slower', retryable: true, retry_after_ms: 5 } };
    });
    await expect(client.command('debug:rooms', {})).resolves.toMatchObject({ rooms: [] });
  });
});
