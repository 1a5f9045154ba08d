// Who may enter which room. Rights are read in one snapshot with the head of the control stream, so that for every
// answer it is known which revocations it has already seen.
import type { ParsedRoom } from '@roomcast/protocol';
import { CONTROL_STREAM, type ControlPosition } from '../events/log-row.js';
import type { Principal } from '../identity/principal.js';
import { coalesce } from '../ops/coalesce.js';

/** `not_found` hides whether the room exists; `forbidden` is for callers who may know that it does. */
export type Decision = 'granted' | 'not_found' | 'forbidden';

export type Query = <Row>(sql: string, parameters?: unknown[]) => Promise<Row[]>;

/** Decides on rooms of one kind. A host application gives one for each kind that it adds. */
export type RoomPolicy = PlainPolicy | StoredPolicy;

/** Rights that follow from who the caller is. */
export interface PlainPolicy {
  /** @param id of the room, without the kind; it is of the caller's tenant */
  admits(principal: Principal, id: string): Decision;
}

/** Rights that stand in the database. */
export interface StoredPolicy {
  /**
   * Decides for many callers at once.
   * @param query reads in the snapshot that the answer must be true of
   * @returns a decision for each of them, in order
   */
  decide(entrants: readonly Entrant[], query: Query): Promise<readonly Decision[]>;
}

/** Who wants to enter which room of a kind. */
export interface Entrant {
  readonly principal: Principal;
  /** Of the room, without the kind; the room is of the principal's tenant. */
  readonly id: string;
}

/** Any member of the tenant. */
export const everybody: PlainPolicy = { admits: () => 'granted' };

/** The user that the room is named after. */
export const oneself: PlainPolicy = {
  admits: (principal, id) => (id === principal.userId ? 'granted' : 'not_found'),
};

/** Any policy as one that decides for many callers at once. */
export function decideBy(policy: RoomPolicy): StoredPolicy['decide'] {
  if ('decide' in policy) return (entrants, query) => policy.decide(entrants, query);
  return async (entrants) => entrants.map(({ principal, id }) => policy.admits(principal, id));
}

export interface Authorization {
  /** All revocations up to here are in the decisions. */
  readonly control: ControlPosition;
  readonly decisions: readonly Decision[];
}

export interface Access {
  /** @returns a decision for each room, in order */
  authorize(principal: Principal, rooms: readonly ParsedRoom[]): Promise<Authorization>;
}

interface Deps {
  /** Runs reads in one snapshot of the database. */
  inSnapshot: <Result>(read: (query: Query) => Promise<Result>) => Promise<Result>;
  /** The place in the control stream that this node has applied. */
  applied: () => ControlPosition;
  /** By kind of room; rooms of other kinds are not found. */
  policies: Readonly<Record<string, RoomPolicy>>;
}

// Revocations that are committed but not numbered yet have been seen too. They are named, not counted: one whose
// transaction ends later may be numbered before them.
const CONTROL_HEAD = `
select epoch, coalesce((select head from streams where stream = $1), 0) as "offset",
  (select array_agg(id::text) from outbox where stream = $1) as ahead
from log_epoch`;

const NOWHERE: ControlPosition = { offset: 0, epoch: '' };

/** Callers whose rights are read in one snapshot, at most. */
const TOGETHER = 500;

interface Question {
  readonly principal: Principal;
  readonly rooms: readonly ParsedRoom[];
}

export function createAccess({ inSnapshot, applied, policies }: Deps): Access {
  const isStored = (room: ParsedRoom) => 'decide' in (policies[room.kind] ?? {});

  function admitted(principal: Principal, room: ParsedRoom): Decision {
    const policy = policies[room.kind];
    return policy && 'admits' in policy ? policy.admits(principal, room.id) : 'not_found';
  }

  /** What is decided in the database, one call of each policy. */
  async function decideStored(questions: readonly Question[], query: Query): Promise<Map<ParsedRoom, Decision>> {
    const decisions = new Map<ParsedRoom, Decision>();
    const asked = questions.flatMap(({ principal, rooms }) => rooms.map((room) => ({ principal, id: room.id, room })));
    for (const [kind, policy] of Object.entries(policies)) {
      if (!('decide' in policy)) continue;
      const entrants = asked.filter(({ room }) => room.kind === kind);
      if (entrants.length === 0) continue;
      const answers = await policy.decide(entrants, query);
      entrants.forEach(({ room }, index) => decisions.set(room, answers[index] ?? 'not_found'));
    }
    return decisions;
  }

  const readTogether = coalesce<Question, Authorization>(
    (questions) =>
      inSnapshot(async (query) => {
        const [control = NOWHERE] = await query<ControlPosition>(CONTROL_HEAD, [CONTROL_STREAM]);
        const stored = await decideStored(questions, query);
        return questions.map(({ principal, rooms }) => ({
          control,
          decisions: rooms.map((room) => stored.get(room) ?? admitted(principal, room)),
        }));
      }),
    TOGETHER,
  );

  return {
    authorize(principal, rooms) {
      if (rooms.some(isStored)) return readTogether({ principal, rooms });
      // What follows from the caller alone is as true now as in any snapshot.
      const decisions = rooms.map((room) => admitted(principal, room));
      return Promise.resolve({ control: applied(), decisions });
    },
  };
}
