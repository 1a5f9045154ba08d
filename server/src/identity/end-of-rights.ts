// What users and API keys need of others when a right ends: that it is told to every node, and forgotten on this one.
import type { EntityManager } from 'typeorm';

/** Whose stored state changed. */
export interface Changed {
  readonly tenant: string;
  readonly user?: string | undefined;
  readonly key?: string | undefined;
}

export type Forget = (changed: Changed) => void;

/** Writes into the caller's transaction that a user or a key has lost every right. */
export type Revoke = (
  manager: EntityManager,
  revocation: { tenant: string; user?: string; key?: string; reason: string },
) => Promise<void>;
