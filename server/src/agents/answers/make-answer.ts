// One answer, from the moment in which this node has taken its question to its message. What is to be told of it goes
// out as it comes; how it ends is one transaction, which only one node can commit.
import { randomUUID } from 'node:crypto';
import type { DataSource, EntityManager } from 'typeorm';
import { ModelFailure } from '../../models/model-failure.js';
import type { Clock } from '../../ops/clock.js';
import { inTransaction, StorageUnavailable } from '../../storage/transaction.js';
import { AgentFailure, type AgentDefinition, type Said } from '../agent.js';
import * as store from './answer-store.js';
import { drawAnswer, type Ending } from './draw-answer.js';
import type { RunningAnswer } from './running.js';

/** What an agent is shown. */
export interface Thread {
  readonly history: readonly Said[];
  readonly message: Said;
}

/** An answer as it is written into its room. */
export interface AnswerMessage {
  readonly tenant: string;
  readonly room: string;
  readonly id: string;
  readonly agentId: string;
  readonly agentName: string;
  readonly content: string;
  readonly status: 'complete' | 'cancelled' | 'interrupted' | 'failed';
  /** The question. */
  readonly replyTo: string;
}

export interface MakeDeps {
  dataSource: DataSource;
  clock: Clock;
  logger: { warn(details: object, message: string): void; error(details: object, message: string): void };
  nodeId: string;
  /** How long an agent may be silent, in milliseconds. */
  silenceMs: number;
  /** Null: the question is not there any more, or may not be shown. */
  thread: (place: store.RoomPlace, questionId: string) => Promise<Thread | null>;
  /** What the asker wants of agents, in general and in a project. */
  instructions: (tenant: string, userId: string, projectId: string | null) => Promise<readonly string[]>;
  /** Writes an agent's message and the event that tells of it. */
  post: (manager: EntityManager, message: AnswerMessage) => Promise<void>;
  /** Tells the room that the agent writes, or does no longer. */
  typing: (place: store.RoomPlace, agent: AgentDefinition, isTyping: boolean) => void;
  /** What was begun is to be given up, done or not. */
  givesUp: () => boolean;
}

const TRY_AGAIN_MS = 1_000;

/** @returns how it has ended; null when it is not this node's any more, or waits to be made anew */
export async function makeAnswer(deps: MakeDeps, answer: RunningAnswer): Promise<store.AnswerEnd | null> {
  const { claim, agent, outgoing } = answer;
  try {
    const shown = await untilItWorks(deps, () => shownTo(deps, claim));
    if (!shown) return await end(deps, answer, 'dropped', null);
    answer.begun = true;
    deps.typing(claim, agent, true);
    const ending = await draw(deps, answer, shown);
    outgoing.flush();
    outgoing.close();
    return await finish(deps, answer, ending);
  } catch (thrown) {
    // Neither the agent nor the database: the answer's own rules. Its room must not wait for it for ever.
    outgoing.close();
    return await end(deps, answer, 'failed', sentenceOf(deps, claim, thrown));
  } finally {
    // After the message, which is written at the end of this turn.
    if (answer.begun) deps.clock.endOfTurn(() => deps.typing(claim, agent, false));
  }
}

interface Shown extends Thread {
  readonly instructions: readonly string[];
}

async function shownTo(
  deps: MakeDeps,
  { tenant, askedBy, projectId, questionId, ...place }: store.Claim,
): Promise<Shown | null> {
  const thread = await deps.thread({ tenant, ...place }, questionId);
  return thread && { ...thread, instructions: await deps.instructions(tenant, askedBy, projectId) };
}

function draw(deps: MakeDeps, { claim, agent, outgoing, signal }: RunningAnswer, shown: Shown): Promise<Ending> {
  const { tenant, room, agentId: agent_id } = claim;
  const take = (piece: string) => {
    outgoing.add(piece);
    return outgoing.text.length;
  };
  return drawAnswer(deps, agent, { tenant, room, agent_id, ...shown }, take, signal);
}

async function finish(deps: MakeDeps, answer: RunningAnswer, ending: Ending): Promise<store.AnswerEnd | null> {
  const { claim, outgoing } = answer;
  if (ending.status === 'interrupted' && outgoing.text === '') {
    await untilItWorks(deps, () => store.putBack(deps.dataSource, claim, deps.nodeId));
    return null;
  }
  if (ending.status === 'failed') {
    const sentence = 'sentence' in ending ? ending.sentence : sentenceOf(deps, claim, ending.thrown);
    return end(deps, answer, 'failed', sentence);
  }
  const isEmpty = ending.status === 'complete' && outgoing.text.trim() === '';
  return isEmpty ? end(deps, answer, 'failed', 'The agent gave no answer.') : end(deps, answer, ending.status, null);
}

/** @param sentence for people, after what there is of the answer */
async function end(
  deps: MakeDeps,
  { claim, agent, outgoing }: RunningAnswer,
  how: store.AnswerEnd,
  sentence: string | null,
): Promise<store.AnswerEnd | null> {
  const content = [outgoing.text, sentence].filter((part) => part !== null && part !== '').join('\n\n');
  const ended = await untilItWorks(deps, () =>
    endWithMessage(deps, claim, how, async (manager) => {
      const isOurs = await store.endAnswer(manager, claim, deps.nodeId, how);
      return isOurs && how !== 'dropped' ? answerMessage(claim, agent, how, content) : isOurs;
    }),
  );
  return ended ? how : null;
}

/** Ends an answer whose node is dead, with what it has noted down. @returns false when it is not dead */
export async function endOrphan(
  deps: MakeDeps,
  agent: AgentDefinition,
  orphan: store.AnswerElsewhere,
): Promise<boolean> {
  return endWithMessage(deps, orphan, 'interrupted', async (manager) => {
    const text = await store.lockOrphan(manager, orphan);
    if (text === null) return false;
    await store.endAnswer(manager, orphan, orphan.owner, 'interrupted');
    return answerMessage(orphan, agent, 'interrupted', text);
  });
}

/**
 * Ends an answer and writes its message in one transaction. A room whose message cannot be written must not wait for it
 * for ever: then the answer is ended without.
 * @param mark marks it as ended; answers the message, or only whether it was the caller's to end
 */
async function endWithMessage(
  { dataSource, logger, post }: MakeDeps,
  { tenant, messageId }: store.Claim,
  how: store.AnswerEnd,
  mark: (manager: EntityManager) => Promise<AnswerMessage | boolean>,
): Promise<boolean> {
  const isMarked = (message: AnswerMessage | boolean) => message !== false;
  try {
    return await inTransaction(dataSource, async (manager) => {
      const message = await mark(manager);
      if (typeof message !== 'boolean') await post(manager, message);
      return isMarked(message);
    });
  } catch (error) {
    if (error instanceof StorageUnavailable) throw error;
    logger.error({ err: error, answer: messageId, tenant, how }, 'an answer has ended whose message cannot be written');
    return inTransaction(dataSource, async (manager) => isMarked(await mark(manager)));
  }
}

export function answerMessage(
  { tenant, room, messageId: id, agentId, questionId: replyTo }: store.NewQuestion,
  agent: AgentDefinition,
  status: AnswerMessage['status'],
  content: string,
): AnswerMessage {
  return { tenant, room, id, agentId, agentName: agent.name, content, status, replyTo };
}

/** While the database is away, its answer waits for it. @throws what else goes wrong */
async function untilItWorks<T>({ clock, givesUp }: MakeDeps, work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StorageUnavailable) || givesUp()) throw error;
      await new Promise<void>((resolve) => clock.after(TRY_AGAIN_MS, resolve));
    }
  }
}

/** What people are told. What was thrown may quote what they have written, so the log has its messages only. */
function sentenceOf({ logger }: MakeDeps, { agentId, messageId, tenant }: store.Claim, thrown: unknown): string {
  const about = { agent: agentId, answer: messageId, tenant };
  if (thrown instanceof ModelFailure || thrown instanceof AgentFailure) {
    logger.warn('detail' in thrown ? { ...about, detail: thrown.detail } : about, thrown.message);
    return thrown.message;
  }
  const errorId = randomUUID();
  logger.error({ ...about, err: thrown, error_id: errorId }, 'an agent has failed');
  return `The agent has failed. In the server’s log this is ${errorId}.`;
}
