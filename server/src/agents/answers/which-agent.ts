// Whom a message asks.

/** The agent of a session, by the session's type. */
const OF_SESSION: Readonly<Record<string, string>> = { chat: 'context', socratic: 'socratic', code_review: 'code' };

export interface Asking {
  /** The agent that the message itself names. */
  readonly personaId: string | null;
  /** What kind of place it was written in, and which agent answers there. */
  readonly place: { readonly sessionType: string } | { readonly personaId: string | null };
  readonly isEncrypted: boolean;
}

/** @returns the id of the agent that is to answer; null when the message asks nobody */
export function agentAsked({ personaId, place, isEncrypted }: Asking): string | null {
  // Agents are not shown what is encrypted, so there is nothing to answer.
  if (isEncrypted) return null;
  if (personaId !== null) return personaId;
  return 'sessionType' in place ? (OF_SESSION[place.sessionType] ?? null) : place.personaId;
}
