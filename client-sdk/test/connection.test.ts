// The life of a client's connection: tokens, refusals, goodbyes.
import { describe, expect, it } from '@jest/globals';
import type { ConnectionStatus } from '@roomcast/client';
import { eventually } from '../../tests/support/eventually.js';
import { start } from './started.js';

function historyOf(client: ReturnType<typeof start>['client']): string[] {
  const history: string[] = [];
  client.status.subscribe(() => history.push(nameOf(client.status.getSnapshot())));
  return history;
}

function nameOf(status: ConnectionStatus): string {
  return status.state === 'closed' ? `closed ${status.reason}` : status.state;
}

describe('the status', () => {
  it('is idle until the client is used, then connecting and connected', async () => {
    const { client, server } = start();
    const history = historyOf(client);
    expect(client.status.getSnapshot()).toEqual({ state: 'idle' });
    await client.room('global').subscribe();
    expect(history).toEqual(['connecting', 'connected']);
    expect(server.connections).toBe(1);
  });

  it('is the same object until it changes, and told until the listener goes', async () => {
    const { client, server } = start();
    let told = 0;
    const stop = client.status.subscribe(() => told++);
    client.connect();
    await eventually(() => expect(client.status.getSnapshot().state).toBe('connected'));
    expect(client.status.getSnapshot()).toBe(client.status.getSnapshot());
    stop();
    server.disconnect();
    await eventually(() => expect(server.tokens.length).toBe(2));
    expect(told).toBe(2);
  });

  it('counts the attempts, and tells why the last one failed', async () => {
    const { client, server } = start();
    await client.room('global').subscribe();
    server.down();
    await eventually(() => {
      expect(client.status.getSnapshot()).toMatchObject({ state: 'reconnecting', attempt: 3 });
    });
    expect(client.status.getSnapshot()).toMatchObject({ error: { code: 'disconnected' } });
    server.up();
    await eventually(() => expect(client.status.getSnapshot()).toEqual({ state: 'connected' }));
  });
});

describe('a client', () => {
  it('does not come back when it was thrown out, unless it is told to', async () => {
    const { client, server } = start();
    await client.room('global').subscribe();
    server.kick();
    await eventually(() => expect(nameOf(client.status.getSnapshot())).toBe('closed kicked'));
    await expect(
      client.emit('project.deleted', { project_id: '1', project_name: 'x', status: 'x' }),
    ).rejects.toMatchObject({
      code: 'closed',
    });
    client.connect();
    await eventually(() => expect(server.connections).toBe(1));
  });

  it('comes back after a goodbye that the server had announced for itself', async () => {
    const { client, server } = start();
    await client.room('global').subscribe();
    server.notify('session.closing', { reason: 'drain', after_ms: 0 });
    server.kick();
    await eventually(() => expect(server.tokens.length).toBe(2));
    await eventually(() => expect(nameOf(client.status.getSnapshot())).toBe('connected'));
  });

  it('stays away when its token is not accepted', async () => {
    const { client, server } = start();
    server.refuse({ code: 'unauthorized', message: 'No', retryable: false });
    const subscribed = client.room('global').subscribe();
    await expect(subscribed).rejects.toMatchObject({ code: 'closed', cause: { code: 'unauthorized' } });
    expect(client.status.getSnapshot()).toMatchObject({ reason: 'refused', error: { code: 'unauthorized' } });
  });

  it('tries again when it is refused for now, not before the time that was asked for', async () => {
    const { client, server } = start();
    server.refuse({ code: 'connection_limit', message: 'Full', retryable: true, retry_after_ms: 120 });
    const began = performance.now();
    client.connect();
    await eventually(() => expect(server.tokens.length).toBe(1));
    server.refuse(null);
    await eventually(() => expect(server.connections).toBe(1));
    expect(performance.now() - began).toBeGreaterThanOrEqual(119);
  });

  it('comes with a new token when the old one has expired', async () => {
    const purposes: string[] = [];
    const { client, server } = start({
      getToken: (purpose) => {
        purposes.push(purpose);
        if (purposes.length === 2) server.refuse(null);
        return `token ${purposes.length}`;
      },
      timing: { minMs: 60_000, maxMs: 60_000 },
    });
    server.refuse({ code: 'token_expired', message: 'Expired', retryable: true });
    await client.room('global').subscribe();
    expect(purposes).toEqual(['connect', 'expired']);
    expect(server.tokens).toEqual(['token 1', 'token 2']);
  });

  it('puts a new token in the place of one that ends, and tries that again', async () => {
    const purposes: string[] = [];
    const { client, server } = start({
      getToken: (purpose) => {
        purposes.push(purpose);
        return purposes.length === 2 ? Promise.reject(new Error('no network')) : `token ${purposes.length}`;
      },
    });
    await client.room('global').subscribe();
    server.notify('auth.expiring', { expires_at: new Date().toISOString() });
    const refreshes = () => server.commands.filter(({ name }) => name === 'auth.refresh');
    await eventually(() => expect(refreshes()).toEqual([{ name: 'auth.refresh', payload: { token: 'token 3' } }]));
    expect(purposes).toEqual(['connect', 'expiring', 'expiring']);
    expect(server.connections).toBe(1);
  });

  it('tries again when it gets no token', async () => {
    let asked = 0;
    const { client } = start({ getToken: () => (++asked < 3 ? Promise.reject(new Error('no network')) : 'a token') });
    await client.room('global').subscribe();
    expect(asked).toBe(3);
  });

  it('that was closed leaves nothing behind, and cannot be used', async () => {
    const { client, server } = start();
    const room = client.room('global');
    await room.subscribe();
    client.close();
    expect(client.status.getSnapshot()).toEqual({ state: 'closed', reason: 'client' });
    await expect(room.subscribe()).rejects.toMatchObject({ code: 'closed' });
    expect(() => room.on('project.updated', () => {})).toThrow('closed');
    client.connect();
    expect(server.connections).toBe(0);
    expect(client.status.getSnapshot().state).toBe('closed');
  });
});
