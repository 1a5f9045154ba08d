// An answer that this node makes just now: its text so far, and the way to stop it.
import type { Clock } from '../../ops/clock.js';
import type { AgentDefinition } from '../agent.js';
import type { Claim } from './answer-store.js';
import type { AnswerDelta } from './answer-texts.js';
import type { Stop } from './draw-answer.js';
import { createOutgoingText, type OutgoingText } from './outgoing-text.js';

export interface RunningAnswer {
  readonly claim: Claim;
  readonly agent: AgentDefinition;
  readonly outgoing: OutgoingText;
  readonly signal: AbortSignal;
  /** The room was told that the agent writes. */
  begun: boolean;
  /** How much of the text is noted down in the database. */
  noted: number;
  /** Only the first call counts. */
  stop(how: Stop): void;
  /** Says that the answer is being made, with nothing new. */
  sign(): void;
  /** Says all of it again. */
  repeat(): void;
}

export function createRunningAnswer(
  claim: Claim,
  agent: AgentDefinition,
  clock: Pick<Clock, 'after'>,
  publish: (delta: AnswerDelta) => void,
): RunningAnswer {
  const { tenant, room, messageId: message_id, agentId: agent_id, attempt } = claim;
  const stopping = new AbortController();
  const tell = (at: number, text: string) => publish({ tenant, room, message_id, agent_id, attempt, at, text });
  const outgoing = createOutgoingText(attempt, clock, ({ at, text }) => tell(at, text));
  return {
    claim,
    agent,
    outgoing,
    signal: stopping.signal,
    begun: false,
    noted: 0,
    stop: (how) => stopping.abort(how),
    sign: () => tell(outgoing.told, ''),
    repeat: () => tell(0, outgoing.text.slice(0, outgoing.told)),
  };
}
