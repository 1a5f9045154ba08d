import { beforeAll, describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { AgentFailure } from '../../../src/agents/agent.js';
import type { DatabaseKind } from '../../../../tests/support/database.js';
import { eventually } from '../../../../tests/support/eventually.js';
import { bothKinds } from '../../storage/open-storage.js';
import { obedientAgent, openDatabase, openWorld } from './answering.js';

const databases = new Map<DatabaseKind, DataSource>();
beforeAll(async () => {
  for (const kind of bothKinds) databases.set(kind, await openDatabase(kind));
}, 60_000);

async function open(kind: DatabaseKind) {
  const { agent, heard } = obedientAgent('a');
  const world = await openWorld(databases.get(kind)!, [agent]);
  /** The question that is being answered just now, once it is the nth. */
  const nth = async (count: number) => {
    await eventually(() => expect(heard.length).toBeGreaterThanOrEqual(count));
    return heard[count - 1]!;
  };
  return { world, heard, nth };
}

describe.each(bothKinds)('answers on %s', (kind) => {
  it('an answer is told as it comes, and ends as one message; the room is told that its agent writes', async () => {
    const { world, nth } = await open(kind);
    const question = await world.ask(world.node('n1'));
    const asked = await nth(1);
    expect(asked).toMatchObject({ tenant: 'acme', room: 'session:1', agent_id: 'a', message: { id: question } });
    asked.say('Be');
    await eventually(() => expect(world.deltas.map(({ text }) => text).join('')).toBe('Be'));
    asked.say('cause');
    asked.end();
    await eventually(() => expect(world.posted).toHaveLength(1));
    expect(world.posted[0]).toMatchObject({
      room: 'session:1',
      agentId: 'a',
      agentName: 'A',
      content: 'Because',
      status: 'complete',
      replyTo: question,
    });
    expect(world.deltas[0]).toMatchObject({ message_id: world.posted[0]?.id, attempt: 1, at: 0, text: 'Be' });
    await eventually(() => expect(world.typing.at(-1)).toBe('session:1 a off'));
    expect(world.typing[0]).toBe('session:1 a on');
    expect(world.activity).toContain('a');
  });

  it('of a room is one made at a time, and who has asked less has their turn before who asks again and again', async () => {
    const { world, heard, nth } = await open(kind);
    const node = world.node('n1');
    for (const content of ['1', '2', '3']) await world.ask(node, { content });
    await nth(1);
    await world.ask(node, { content: 'mine', sender_id: 'bob' });
    await world.ask(node, { content: 'elsewhere', room: 'session:2' });
    expect((await nth(2)).message.content).toBe('elsewhere');
    for (let turn = 0; turn < 4; turn++) {
      await eventually(() => expect(world.posted).toHaveLength(turn));
      const first = heard.filter(({ room }) => room === 'session:1');
      first.at(-1)?.say('x');
      first.at(-1)?.end();
      await eventually(() => expect(world.posted).toHaveLength(turn + 1));
      if (turn < 3) await nth(turn + 3);
    }
    expect(heard.filter(({ room }) => room === 'session:1').map(({ message }) => message.content)).toEqual([
      '1',
      'mine',
      '2',
      '3',
    ]);
  });

  it('that are rolled back were never asked', async () => {
    const { world, heard } = await open(kind);
    const node = world.node('n1');
    const rolledBack = world.dataSource.transaction(async (manager) => {
      const question = { tenant: 'acme', room: 'session:1', agentId: 'a', questionId: 'no', askedBy: 'ada' };
      await node.ask(manager, { ...question, clientId: null, projectId: null });
      throw new Error('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    await world.ask(node);
    await eventually(() => expect(heard.length).toBeGreaterThan(0));
    expect(heard.map(({ message }) => message.id)).toEqual(['q1']);
  });

  it('whose question is gone meanwhile are dropped without a word', async () => {
    const { world, heard } = await open(kind);
    world.gone.add('q1');
    const node = world.node('n1');
    await world.ask(node);
    await world.ask(node);
    await eventually(() => expect(heard.map(({ message }) => message.id)).toEqual(['q2']));
    expect(world.posted).toEqual([]);
    expect(world.typing).not.toContain('session:1 a off');
  });

  it.each<[string, (error: Error) => Error, string]>([
    ['a sentence for people', () => new AgentFailure('The oven is cold.'), 'The oven is cold.'],
    ['anything else', () => new Error('secret detail'), 'The agent has failed.'],
  ])('fail visibly, with what there was, when their agent throws %s', async (_what, error, sentence) => {
    const { world, nth } = await open(kind);
    await world.ask(world.node('n1'));
    const asked = await nth(1);
    asked.say('Half');
    asked.fail(error(new Error()));
    await eventually(() => expect(world.posted).toHaveLength(1));
    expect(world.posted[0]).toMatchObject({
      status: 'failed',
      content: expect.stringContaining(`Half\n\n${sentence}`),
    });
    expect(world.posted[0]?.content).not.toContain('secret');
  });

  it('that are empty, or whose agent falls silent, fail visibly', async () => {
    const { world, nth } = await open(kind);
    const node = world.node('n1', { silenceMs: 2_000 });
    await world.ask(node);
    (await nth(1)).end();
    await eventually(() => expect(world.posted).toHaveLength(1));
    await world.ask(node);
    await nth(2);
    await eventually(() => expect(world.posted).toHaveLength(2));
    expect(world.posted.map(({ status, content }) => [status, content])).toEqual([
      ['failed', 'The agent gave no answer.'],
      ['failed', 'The agent has said nothing for 2 seconds and was given up.'],
    ]);
  });

  it('whose message cannot be written end all the same, and the room goes on', async () => {
    const { world, nth } = await open(kind);
    const node = world.node('n1');
    await world.ask(node);
    world.refuse = new Error('the room is full');
    (await nth(1)).end();
    await world.ask(node);
    const second = await nth(2);
    world.refuse = null;
    second.say('x');
    second.end();
    await eventually(() => expect(world.posted).toHaveLength(1));
    expect(world.reports.map(({ message }) => message)).toContain(
      'an answer has ended whose message cannot be written',
    );
  });
});

describe.each(bothKinds)('a cancelled answer on %s', (kind) => {
  it('keeps what there is of it, and its agent is told', async () => {
    const { world, nth } = await open(kind);
    const node = world.node('n1');
    await world.ask(node, { clientId: 'c1' });
    const asked = await nth(1);
    asked.say('Half');
    await eventually(() => expect(world.deltas).toHaveLength(1));
    await node.cancel(world.caller('ada'), { clientId: 'c1' });
    await eventually(() => expect(world.posted).toHaveLength(1));
    expect(world.posted[0]).toMatchObject({ status: 'cancelled', content: 'Half' });
    expect(asked.signal.aborted).toBe(true);
    await node.cancel(world.caller('ada'), { messageId: world.posted[0]!.id });
    expect(world.posted).toHaveLength(1);
  });

  it('that was waiting ends at once, and the others go on', async () => {
    const { world, nth } = await open(kind);
    const node = world.node('n1');
    await world.ask(node);
    const first = await nth(1);
    const waiting = await world.ask(node, { content: 'cancelled' });
    await world.ask(node, { content: 'last' });
    await node.cancel(world.caller('ada'), { messageId: waiting });
    expect(world.posted).toMatchObject([{ status: 'cancelled', content: '', replyTo: waiting }]);
    first.say('x');
    first.end();
    expect((await nth(2)).message.content).toBe('last');
  });

  it('of another node stops there', async () => {
    const { world, nth } = await open(kind);
    const [one, other] = [world.node('n1'), world.node('n2')];
    const question = await world.ask(one);
    (await nth(1)).say('Half');
    await other.cancel(world.caller('ada'), { messageId: question });
    await eventually(() => expect(world.posted).toMatchObject([{ status: 'cancelled', content: 'Half' }]));
  });

  it('is stopped by who has asked, who owns the room, or an admin; to strangers it does not exist', async () => {
    const { world, nth } = await open(kind);
    const node = world.node('n1');
    const messageId = await world.ask(node, { clientId: 'c1' });
    await nth(1);
    const by = (userId: string) => node.cancel(world.caller(userId), { messageId });
    await expect(by('bob')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(by('stranger')).rejects.toMatchObject({ code: 'not_found' });
    await expect(node.cancel(world.caller('bob'), { clientId: 'c1' })).rejects.toMatchObject({ code: 'not_found' });
    const elsewhere = { ...world.caller('ada'), tenant: 'other' };
    await expect(node.cancel(elsewhere, { messageId })).rejects.toMatchObject({ code: 'not_found' });
    await by('owner');
    await eventually(() => expect(world.posted).toHaveLength(1));
    const again = await world.ask(node);
    await nth(2);
    await node.cancel(world.caller('root', ['admin']), { messageId: again });
    await eventually(() => expect(world.posted).toHaveLength(2));
  });
});

describe.each(bothKinds)('a node on %s', (kind) => {
  it('that is stopped lets an answer be completed, and interrupts what takes longer', async () => {
    const { world, nth } = await open(kind);
    const node = world.node('n1');
    await world.ask(node, { room: 'session:1' });
    await world.ask(node, { room: 'session:2' });
    const [first, second] = [await nth(1), await nth(2)];
    first.say('One');
    second.say('Two');
    await eventually(() => expect(world.deltas).toHaveLength(2));
    const stopped = node.stop(5_000);
    second.end();
    await stopped;
    expect(world.posted.map(({ content, status }) => [content, status])).toEqual([
      ['Two', 'complete'],
      ['One', 'interrupted'],
    ]);
  });

  it('that is stopped before an answer began leaves it to another one', async () => {
    const { world, heard, nth } = await open(kind);
    const node = world.node('n1');
    await world.ask(node);
    await nth(1);
    await node.stop(0);
    expect(world.posted).toEqual([]);
    world.node('n2');
    const second = await nth(2);
    second.say('x');
    second.end();
    await eventually(() => expect(world.posted).toMatchObject([{ content: 'x', status: 'complete' }]));
    expect(heard.map(({ message }) => message.id)).toEqual(['q1', 'q1']);
    expect(world.deltas.at(-1)).toMatchObject({ attempt: 2 });
  });

  it('finds what a dead one has left, marks it with what is known of its text, and goes on with what waits', async () => {
    const { world, nth } = await open(kind);
    const dead = world.node('dead');
    await world.ask(dead, { content: 'first' });
    await world.ask(dead, { content: 'second' });
    (await nth(1)).say('Half');
    const noted = async () => (await world.dataSource.query('select text from answers order by seq')) as unknown;
    await eventually(async () => expect(await noted()).toEqual([{ text: 'Half' }, { text: '' }]));
    await pretendToBeDead(world.dataSource);
    world.node('alive', { alone: kind === 'embedded' });
    await eventually(() => expect(world.posted).toMatchObject([{ status: 'interrupted', content: 'Half' }]));
    expect((await nth(2)).message.content).toBe('second');
  });

  it('leaves alone what a living one makes', async () => {
    const { world, nth } = await open(kind);
    await world.ask(world.node('n1'));
    const asked = await nth(1);
    const other = world.node('n2');
    await other.stop(0);
    const third = world.node('n3');
    asked.say('Whole');
    await new Promise((resolve) => setTimeout(resolve, 600));
    asked.end();
    await eventually(() => expect(world.posted).toMatchObject([{ status: 'complete', content: 'Whole' }]));
    await third.stop(0);
  });
});

/** Its signs of life reach nobody any more: the row says that it belongs to somebody else. */
async function pretendToBeDead(dataSource: { query(sql: string): Promise<unknown> }): Promise<void> {
  await dataSource.query(`update answers set owner = 'gone' where status = 'running'`);
}
