// What an agent is: something that is shown what was said in a room, and answers in pieces. It is given words and gives
// words; whatever else it can do is its host application's own.
import { ID_PATTERN } from '@roomcast/protocol';

/** Something that was said in a room, as agents are shown it. */
export interface Said {
  readonly id: string;
  readonly sender_id: string;
  readonly sender_name: string;
  readonly role: 'user' | 'agent' | 'system';
  readonly content: string;
  /** ISO 8601. */
  readonly created_at: string;
}

/** What an agent is asked. */
export interface Question {
  readonly tenant: string;
  /** `session:42` or `conversation:42`. */
  readonly room: string;
  /** The id that the answer will be given under: the agent's own, or the persona that it stands in for. */
  readonly agent_id: string;
  /** What was said in this room before, oldest first; nothing that was encrypted or deleted. */
  readonly history: readonly Said[];
  /** What is to be answered. */
  readonly message: Said;
  /** What the person who asks wants of agents: in general, then in the session's project. */
  readonly instructions: readonly string[];
  /** Aborts when nobody wants the answer any more: end what was begun for it. */
  readonly signal: AbortSignal;
}

export interface AgentDefinition {
  readonly id: string;
  /** What people are shown. */
  readonly name: string;
  /**
   * Answers.
   * @returns the text in pieces; an empty piece is a sign of life while there is nothing to say yet
   * @throws AgentFailure to tell people what went wrong; whatever else is thrown is logged, and people are told that
   *   the agent has failed
   */
  respond(question: Question): AsyncIterable<string>;
}

/** A failure whose message is a sentence for the people in the room. */
export class AgentFailure extends Error {
  override readonly name = 'AgentFailure';
}

/**
 * Declares an agent of a host application.
 * @throws TypeError when the id is not 1–128 characters of `A-Z a-z 0-9 _ - .`, or the name is empty
 */
export function defineAgent(agent: AgentDefinition): AgentDefinition {
  if (!ID_PATTERN.test(agent.id))
    throw new TypeError(`agent "${agent.id}": id takes 1–128 characters of A-Z a-z 0-9 _ - .`);
  if (agent.name.trim() === '') throw new TypeError(`agent "${agent.id}": name is empty`);
  return agent;
}
