// The texts of answers in the making, on every node that hands them out: who enters a room in mid-answer is told all
// that has been said so far in the tick of joining, and then what follows. An answer's text ends in the tick in which
// its message is emitted; what comes later of it is dropped.
import { z } from 'zod';
import type { LogRow } from '../../events/log-row.js';
import { tenantOf } from '../../events/log-row.js';
import type { Clock } from '../../ops/clock.js';
import { takeDelta, type Delta, type TextSoFar } from './take-delta.js';

/** A piece of an answer on its way between nodes. */
export interface AnswerDelta extends Delta {
  readonly tenant: string;
  readonly room: string;
  readonly message_id: string;
  readonly agent_id: string;
}

/** A text without a sign of its owner for so long is nobody's: its node is dead, and another one ends the answer. */
const FORGOTTEN_MS = 15_000;
const SWEEP_MS = 5_000;
/** How long the whole of an answer may be on its way before it is asked for again. */
const ASK_AGAIN_MS = 1_000;

interface Kept {
  readonly tenant: string;
  readonly room: string;
  readonly message_id: string;
  readonly agent_id: string;
  /** Null: only later pieces have come yet, or its message has been emitted. */
  soFar: TextSoFar | null;
  ended: boolean;
  seenAt: number;
  askedAt: number | null;
}

export interface AnswerTexts {
  /** Takes a piece, from whichever node, and tells the members of its room what is new. */
  receive(delta: AnswerDelta): void;
  /** Answers that are being made in a room, each whole, for somebody who enters it in this tick. */
  inRoom(tenant: string, room: string): AnswerDelta[];
  /** To be called in the tick in which a logged event is handed out. */
  emitted(row: LogRow): void;
  /** Begins to forget texts whose owner is silent. @returns stops it */
  start(): () => void;
}

interface Deps {
  clock: Pick<Clock, 'now' | 'after'>;
  /** Tells the members of its room, now. */
  send: (delta: AnswerDelta) => void;
  /** Asks the node that makes an answer to say all of it again. */
  askForWhole: (messageId: string) => void;
}

export function createAnswerTexts({ clock, send, askForWhole }: Deps): AnswerTexts {
  const byMessage = new Map<string, Kept>();
  const byRoom = new Map<string, Set<Kept>>();

  function keep({ tenant, room, message_id, agent_id }: Omit<AnswerDelta, keyof Delta>): Kept {
    const known = byMessage.get(messageKey(tenant, message_id));
    if (known) return known;
    const kept = { tenant, room, message_id, agent_id, soFar: null, ended: false, seenAt: 0, askedAt: null };
    byMessage.set(messageKey(tenant, message_id), kept);
    const key = roomKeyOf(tenant, room);
    byRoom.set(key, (byRoom.get(key) ?? new Set()).add(kept));
    return kept;
  }

  function forget(kept: Kept): void {
    byMessage.delete(messageKey(kept.tenant, kept.message_id));
    const key = roomKeyOf(kept.tenant, kept.room);
    const inRoom = byRoom.get(key);
    inRoom?.delete(kept);
    if (inRoom?.size === 0) byRoom.delete(key);
  }

  function ask(kept: Kept): void {
    const now = clock.now();
    if (kept.askedAt !== null && now - kept.askedAt < ASK_AGAIN_MS) return;
    kept.askedAt = now;
    askForWhole(kept.message_id);
  }

  return {
    receive(delta) {
      const kept = keep(delta);
      kept.seenAt = clock.now();
      if (kept.ended) return;
      const taken = takeDelta(kept.soFar, delta);
      if (taken.kind === 'gap') return ask(kept);
      kept.askedAt = null;
      if (taken.kind === 'known') return;
      kept.soFar = taken.soFar;
      const { tenant, room, message_id, agent_id } = kept;
      if (taken.news.text !== '') send({ tenant, room, message_id, agent_id, ...taken.news });
    },

    inRoom(tenant, room) {
      return [...(byRoom.get(roomKeyOf(tenant, room)) ?? [])].flatMap(({ message_id, agent_id, soFar }) =>
        soFar && soFar.text !== '' ? [{ tenant, room, message_id, agent_id, at: 0, ...soFar }] : [],
      );
    },

    emitted(row) {
      const [room] = row.rooms;
      // Most messages are of people: their words need not be read here.
      if (row.event !== 'message.created' || room === undefined || !row.data.includes(OF_AGENT)) return;
      const message = answerIn(row.data);
      if (!message) return;
      // Also where nothing was heard of it: its pieces may come by a slower way than its message.
      const kept = keep({ tenant: tenantOf(row.stream), room, ...message });
      kept.seenAt = clock.now();
      kept.soFar = null;
      kept.ended = true;
    },

    start() {
      let cancel = clock.after(SWEEP_MS, sweep);
      function sweep(): void {
        const now = clock.now();
        for (const kept of byMessage.values()) if (now - kept.seenAt > FORGOTTEN_MS) forget(kept);
        cancel = clock.after(SWEEP_MS, sweep);
      }
      return () => cancel();
    },
  };
}

function messageKey(tenant: string, messageId: string): string {
  return `${tenant}/${messageId}`;
}

function roomKeyOf(tenant: string, room: string): string {
  return `${tenant}/${room}`;
}

const OF_AGENT = '"role":"agent"';
const created = z.object({ message: z.object({ id: z.string(), agent_id: z.string() }) });

/** @returns null for a message that a person has written */
function answerIn(data: string): Pick<AnswerDelta, 'message_id' | 'agent_id'> | null {
  const { data: answer } = created.safeParse(JSON.parse(data));
  return answer ? { message_id: answer.message.id, agent_id: answer.message.agent_id } : null;
}
