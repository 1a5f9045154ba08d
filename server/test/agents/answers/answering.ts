// Nodes that answer questions on a real database, with agents whose words a test gives. Rooms are played: what is
// posted to them is kept, and everybody who asks is in them.
import type { DataSource } from 'typeorm';
import { defineAgent, type AgentDefinition, type Question, type Said } from '../../../src/agents/agent.js';
import { createAnswers, type Answers, type AnswersDeps } from '../../../src/agents/answers/answers.js';
import type { AnswerDelta } from '../../../src/agents/answers/answer-texts.js';
import type { AnswerMessage } from '../../../src/agents/answers/make-answer.js';
import { roleSet, type Principal, type Role } from '../../../src/identity/principal.js';
import { migrations } from '../../../src/storage/migrations.js';
import { inTransaction } from '../../../src/storage/transaction.js';
import type { DatabaseKind } from '../../../../tests/support/database.js';
import { fastClock } from '../../ops/fast-clock.js';
import { closeAtEnd, openStorage, recorder } from '../../storage/open-storage.js';

const clock = fastClock(10);

/** A question that an agent was asked; it answers what it is told to. */
export interface Heard extends Question {
  say(text: string): void;
  end(): void;
  fail(error: unknown): void;
}

/** An agent that waits for the test's words. */
export function obedientAgent(id: string): { agent: AgentDefinition; heard: Heard[] } {
  const heard: Heard[] = [];
  const agent = defineAgent({
    id,
    name: id.toUpperCase(),
    async *respond(question) {
      const words: (string | Error | null)[] = [];
      let wake = () => {};
      const push = (word: string | Error | null) => {
        words.push(word);
        wake();
      };
      heard.push({
        ...question,
        say: push,
        end: () => push(null),
        fail: (error) => push(error instanceof Error ? error : new Error(String(error))),
      });
      for (;;) {
        for (let word; (word = words.shift()) !== undefined;) {
          if (word === null) return;
          if (word instanceof Error) throw word;
          yield word;
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  });
  return { agent, heard };
}

export interface World {
  readonly dataSource: DataSource;
  readonly posted: AnswerMessage[];
  /** Pieces that say something. */
  readonly deltas: AnswerDelta[];
  readonly typing: string[];
  readonly activity: string[];
  readonly reports: ReturnType<typeof recorder>['reports'];
  /** Another node on the same database. */
  node(nodeId: string, deps?: Partial<AnswersDeps>): Answers;
  /** Asks in a transaction of its own. @returns the id of the question */
  ask(
    answers: Answers,
    question?: Partial<Said> & { room?: string; agentId?: string; clientId?: string },
  ): Promise<string>;
  /** What a question's asker is. */
  caller(userId: string, roles?: Role[]): Principal;
  /** What may not be shown any more. */
  readonly gone: Set<string>;
  /** What goes wrong when a message is to be written. */
  refuse: Error | null;
}

/** An empty database for the tests of a file. */
export async function openDatabase(kind: DatabaseKind): Promise<DataSource> {
  return (await openStorage(kind, { migrations })).storage.dataSource;
}

export async function openWorld(dataSource: DataSource, agents: readonly AgentDefinition[]): Promise<World> {
  await dataSource.query('truncate answers');
  const { reports, logger } = recorder();
  const asked = new Map<string, Said>();
  let count = 0;
  const world: World = {
    dataSource,
    posted: [],
    deltas: [],
    typing: [],
    activity: [],
    reports,
    gone: new Set(),
    refuse: null,
    node(nodeId, deps = {}) {
      const answers = createAnswers({
        dataSource,
        clock,
        logger,
        nodeId,
        silenceMs: 10_000,
        alone: false,
        thread: async (_place, questionId) => {
          const message = asked.get(questionId);
          return message && !world.gone.has(questionId) ? { history: [], message } : null;
        },
        instructions: async () => [],
        async post(manager, message) {
          await manager.query('select 1');
          if (world.refuse) throw world.refuse;
          world.posted.push(message);
        },
        typing: ({ room }, { id }, isTyping) => void world.typing.push(`${room} ${id} ${isTyping ? 'on' : 'off'}`),
        agentOf: (id) => agents.find((agent) => agent.id === id) ?? agents[0]!,
        publish(delta) {
          if (delta.text !== '') world.deltas.push(delta);
        },
        activityChanged: (_tenant, agentId) => void world.activity.push(agentId),
        standing: async ({ userId }) => (userId === 'owner' ? 'owner' : userId === 'stranger' ? null : 'participant'),
        failed: (err) => logger.warn({ err }, 'failed'),
        ...deps,
      });
      answers.start();
      closeAtEnd(() => answers.stop(0));
      return answers;
    },
    async ask(answers, { room = 'session:1', agentId = agents[0]!.id, clientId, ...given } = {}) {
      const said: Said = {
        id: `q${String(++count)}`,
        sender_id: 'ada',
        sender_name: 'Ada',
        role: 'user',
        content: 'Why?',
        created_at: new Date().toISOString(),
        ...given,
      };
      asked.set(said.id, said);
      await inTransaction(dataSource, (manager) =>
        answers.ask(manager, {
          tenant: 'acme',
          room,
          agentId,
          questionId: said.id,
          clientId: clientId ?? null,
          askedBy: said.sender_id,
          projectId: null,
        }),
      );
      return said.id;
    },
    caller: (userId, roles = []) => ({
      tenant: 'acme',
      userId,
      name: null,
      roles: roleSet(roles),
      keyId: null,
      expiresAt: null,
    }),
  };
  return world;
}
