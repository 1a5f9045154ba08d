// Who may enter which room, and what is read under that right, tied together. roomcast.ts composes the rest of the
// platform around it.
import { parseRoom, RoomcastError, type RoomKind } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import { chatRoomPolicy } from './chat/chat-room-policy.js';
import type { DeliveryParts } from './delivery.js';
import type { Principal } from './identity/principal.js';
import type { Clock } from './ops/clock.js';
import { projectRooms } from './projects/project-rooms.js';
import { createAccess, decideBy, everybody, oneself, type Decision, type RoomPolicy } from './rooms/access.js';
import { createReadEvents } from './rooms/read-events.js';
import { createRecheck } from './rooms/recheck.js';
import { inSnapshot } from './storage/snapshot.js';
import { createWorkflowRooms } from './workflows/workflow-rooms.js';

interface Deps {
  dataSource: DataSource;
  delivery: DeliveryParts;
  roomKinds: readonly RoomKind[];
  /** Of the host application, by kind of room; they come before the built-in ones. */
  policies: Readonly<Record<string, RoomPolicy>>;
  clock: Clock;
  failed: (error: unknown) => void;
}

export type Rights = ReturnType<typeof composeRights>;

export function composeRights({ dataSource, delivery, roomKinds, policies, clock, failed }: Deps) {
  const { log, writer, control, membership, revocations, frameOf } = delivery;
  const mayEnterProject = decideBy(policies.project ?? projectRooms);
  const access = createAccess({
    inSnapshot: (read) => inSnapshot(dataSource, read),
    applied: () => control.applied(),
    policies: { ...builtIn, workflow: createWorkflowRooms(mayEnterProject), ...policies },
  });

  /** Which of these rooms a caller may enter, by their names; the others with why not. */
  async function decide(caller: Principal, names: readonly string[]): Promise<Map<string, Decision>> {
    const parsed = names.flatMap((name) => parseRoom(name, roomKinds) ?? []);
    const { decisions } = await access.authorize(caller, parsed);
    return new Map(parsed.map(({ name }, index) => [name, decisions[index] ?? 'not_found']));
  }

  return {
    access,
    recheck: createRecheck({ membership, access, revocations, roomKinds, clock, failed }),
    readEvents: createReadEvents({ log, access, revocations, roomKinds, frameOf, drain: () => writer.drain() }),
    /** @throws RoomcastError `not_found`, `forbidden` when the caller may not enter the room */
    async authorize(caller: Principal, name: string): Promise<void> {
      const decision = (await decide(caller, [name])).get(name) ?? 'not_found';
      if (decision !== 'granted') throw new RoomcastError(decision, `${name} does not exist`);
    },
    /** Those of the rooms that the caller may enter. */
    async enterable(caller: Principal, names: readonly string[]): Promise<Set<string>> {
      const decisions = await decide(caller, names);
      return new Set(names.filter((name) => decisions.get(name) === 'granted'));
    },
  };
}

const builtIn: Readonly<Record<string, RoomPolicy>> = {
  global: everybody,
  project: projectRooms,
  agent: everybody,
  user: oneself,
  session: chatRoomPolicy('session'),
  conversation: chatRoomPolicy('conversation'),
};
