// Questions to agents and their answers. A question is kept in the transaction of its message, so it is answered
// whatever happens to the process; in a room one answer is made at a time, and every question ends with one message:
// complete, failed, cancelled or interrupted. Nobody needs to be connected for it.
import { RoomcastError } from '@roomcast/protocol';
import type { EntityManager } from 'typeorm';
import { v7 as newId } from 'uuid';
import { isAdmin, type Principal } from '../../identity/principal.js';
import { repeat } from '../../ops/clock.js';
import { createLanes, type Left } from '../../ops/lanes.js';
import { inTransaction, onCommit } from '../../storage/transaction.js';
import type { AgentDefinition } from '../agent.js';
import * as store from './answer-store.js';
import type { AnswerDelta } from './answer-texts.js';
import { createCustody } from './custody.js';
import { answerMessage, endOrphan, makeAnswer, type MakeDeps } from './make-answer.js';
import { createRunningAnswer, type RunningAnswer } from './running.js';

/** Somebody's message that an agent is to answer. */
export type Asked = Omit<store.NewQuestion, 'messageId'>;

/** An answer, by its message's id or that of the question, or by what the caller has sent the question under. */
export interface Which {
  readonly messageId?: string | undefined;
  readonly clientId?: string | undefined;
}

export interface Answers {
  /** Takes a question with the transaction of its message. It is answered once that has committed. */
  ask(manager: EntityManager, asked: Asked): Promise<void>;
  /**
   * Stops an answer; one that has ended stays as it is.
   * @throws RoomcastError `not_found`; `forbidden` for who is in the room, but has neither asked nor owns it
   */
  cancel(caller: Principal, which: Which): Promise<void>;
  /** Says all of an answer again, if it is made here. */
  repeat(messageId: string): void;
  /** How many answers are being made here. */
  count(): number;
  /** Takes up what waits, also what a process before this one has left. */
  start(): void;
  /** Begins no further answer, and interrupts those that are not complete within `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface AnswersDeps extends Omit<MakeDeps, 'givesUp'> {
  /** The agent that answers under an id. */
  agentOf: (agentId: string) => AgentDefinition;
  /** No other process can use this database. */
  alone: boolean;
  /** Hands a piece of an answer to all nodes. */
  publish: (delta: AnswerDelta) => void;
  /** An agent has begun or ended to work in a tenant. */
  activityChanged: (tenant: string, agentId: string) => void;
  /** What somebody is to a room: null where they may not know of it. */
  standing: (caller: Principal, room: string) => Promise<'owner' | 'participant' | null>;
  failed: (error: unknown) => void;
  onEnded?: (how: store.AnswerEnd) => void;
}

/** Answers of one node that are made beside each other; what is more waits its turn, room by room. */
const AT_ONCE = 200;
const TRY_AGAIN_MS = 1_000;
/** Announced before people's screens forget it (5 s), and said to be alive before other nodes do (15 s). */
const TYPING_MS = 3_000;
const KEEP_DAYS = 7;
const FORGET_EVERY_MS = 3_600_000;

export function createAnswers(deps: AnswersDeps): Answers {
  const { dataSource, clock, nodeId, agentOf, activityChanged, failed } = deps;
  const running = new Set<RunningAnswer>();
  let givesUp = false;
  const make: MakeDeps = { ...deps, givesUp: () => givesUp };
  const lanes = createLanes({ clock, atOnce: AT_ONCE, step });
  let stops: (() => Promise<void>)[] = [];

  const custody = createCustody({
    ...deps,
    running,
    async endOrphan(orphan) {
      const ended = await endOrphan(make, agentOf(orphan.agentId), orphan);
      if (ended) deps.onEnded?.('interrupted');
      activityChanged(orphan.tenant, orphan.agentId);
      lanes.wake(laneOf(orphan));
    },
    waiting: (place) => lanes.wake(laneOf(place)),
  });

  /** Takes the next question of a room and answers it. */
  async function step(lane: string): Promise<Left> {
    try {
      const claim = await store.claimNext(dataSource, placeOf(lane), nodeId);
      if (!claim) return 'nothing';
      await answerTo(claim);
      return 'more';
    } catch (error) {
      failed(error);
      return TRY_AGAIN_MS;
    }
  }

  async function answerTo(claim: store.Claim): Promise<void> {
    const answer = createRunningAnswer(claim, agentOf(claim.agentId), clock, deps.publish);
    running.add(answer);
    activityChanged(claim.tenant, claim.agentId);
    try {
      const how = await makeAnswer(make, answer);
      if (how) deps.onEnded?.(how);
    } finally {
      running.delete(answer);
      activityChanged(claim.tenant, claim.agentId);
    }
  }

  async function showLife(): Promise<void> {
    for (const answer of running) answer.sign();
  }

  /** A process that was killed could not say that its agents are done. */
  async function correctActivity(): Promise<void> {
    for (const { tenant, agentId } of await store.busyAgents(dataSource)) activityChanged(tenant, agentId);
  }

  async function find({ tenant, userId }: Principal, which: Which): Promise<store.FoundAnswer | null> {
    if (which.messageId !== undefined) return store.findByMessage(dataSource, tenant, which.messageId);
    if (which.clientId === undefined) return null;
    return store.findByClientId(dataSource, tenant, userId, which.clientId);
  }

  async function mayStop(caller: Principal, { askedBy, room }: store.FoundAnswer): Promise<void> {
    const standing = isAdmin(caller) ? 'owner' : await deps.standing(caller, room);
    if (standing === null) throw new RoomcastError('not_found', 'There is no such answer.');
    if (standing === 'participant' && askedBy !== caller.userId) {
      throw new RoomcastError('forbidden', 'An answer is stopped by who has asked, or who owns the room.');
    }
  }

  async function stopAnswer(found: store.FoundAnswer): Promise<void> {
    const own = [...running].find(({ claim }) => claim.messageId === found.messageId && claim.tenant === found.tenant);
    if (own) return own.stop('cancelled');
    const wasWaiting = await inTransaction(dataSource, async (manager) => {
      if (!(await store.cancelQueued(manager, found))) return false;
      await deps.post(manager, answerMessage(found, agentOf(found.agentId), 'cancelled', ''));
      return true;
    });
    if (wasWaiting) deps.onEnded?.('cancelled');
    else await store.askToStop(dataSource, found);
  }

  return {
    async ask(manager, asked) {
      await store.insertQuestion(manager, { ...asked, messageId: newId() });
      onCommit(manager, () => lanes.wake(laneOf(asked)));
    },

    async cancel(caller, which) {
      const found = await find(caller, which);
      if (!found) throw new RoomcastError('not_found', 'There is no such answer.');
      await mayStop(caller, found);
      await stopAnswer(found);
    },

    repeat(messageId) {
      for (const answer of running) if (answer.claim.messageId === messageId) answer.repeat();
    },

    count: () => running.size,

    start() {
      custody.start();
      const busy = correctActivity().catch(failed);
      stops = [
        repeat(clock, TYPING_MS, showLife, failed),
        repeat(clock, FORGET_EVERY_MS, () => store.forgetAnswers(dataSource, KEEP_DAYS), failed),
        () => busy,
      ];
    },

    async stop(graceMs) {
      const over = lanes.stop();
      const cancel = clock.after(graceMs, () => {
        givesUp = true;
        for (const answer of running) answer.stop('interrupted');
      });
      await over;
      cancel();
      await Promise.all([custody.stop(), ...stops.splice(0).map((stop) => stop())]);
    },
  };
}

function laneOf({ tenant, room }: store.RoomPlace): string {
  return `${tenant}/${room}`;
}

function placeOf(lane: string): store.RoomPlace {
  const slash = lane.indexOf('/');
  return { tenant: lane.slice(0, slash), room: lane.slice(slash + 1) };
}
