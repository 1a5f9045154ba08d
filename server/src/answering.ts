// Agents, tied together: which there are, how their answers come into rooms, what they are told of people and people of
// them. roomcast.ts composes the rest of the platform around it.
import { catalogue, type BuiltInCatalogue } from '@roomcast/protocol';
import type { DataSource, EntityManager } from 'typeorm';
import { createActivity } from './agents/activity.js';
import type { AgentDefinition } from './agents/agent.js';
import type { Agents } from './agents/agents.js';
import { createAnswerTexts, type AnswerDelta } from './agents/answers/answer-texts.js';
import { countRunning } from './agents/answers/answer-store.js';
import { createAnswers, type AnswersDeps } from './agents/answers/answers.js';
import { agentAsked } from './agents/answers/which-agent.js';
import { createRoster } from './agents/roster.js';
import type { Sent } from './chat/messages.js';
import { createLocalHints } from './cluster/hints.js';
import type { Config } from './config.js';
import { createEmotionReader } from './emotion/emotion.js';
import type { Broadcaster } from './events/broadcaster.js';
import type { EventFrame } from './events/event-frame.js';
import { frameNow } from './events/frame-now.js';
import type { LogRow } from './events/log-row.js';
import { createEventPreparer } from './events/prepare-event.js';
import { createModel } from './models/endpoint.js';
import type { Clock } from './ops/clock.js';
import type { Metrics } from './ops/metrics.js';
import type { Typing } from './presence/typing.js';
import type { Member } from './rooms/member.js';
import { wireRoom, type RoomKey } from './rooms/room-key.js';
import { onCommit } from './storage/transaction.js';

interface Deps extends Pick<AnswersDeps, 'thread' | 'instructions' | 'post' | 'standing' | 'logger' | 'nodeId'> {
  dataSource: DataSource;
  broadcaster: Pick<Broadcaster<BuiltInCatalogue>, 'emit'>;
  config: Pick<Config, 'ai' | 'agentSilenceMs' | 'databaseUrl'>;
  /** Of the host application. */
  own: readonly AgentDefinition[];
  agents: Pick<Agents, 'setStatus'>;
  clock: Clock;
  metrics: Pick<Metrics, 'answered'>;
  /** Hands an event that is not logged to the members of rooms. */
  send: (tenant: string, rooms: readonly string[], frame: EventFrame) => void;
  /** Tells a room that an agent works on an answer, or does no longer. */
  typing: Typing['agent'];
  failed: (error: unknown) => void;
}

/** @throws TypeError when agents of the host application cannot be */
export function composeAnswering(deps: Deps) {
  const { dataSource, broadcaster, config, agents, clock, failed } = deps;
  const model = config.ai && createModel(config.ai);
  const roster = createRoster(model, deps.own);
  const prepare = createEventPreparer(catalogue);

  const texts = createAnswerTexts({
    clock,
    send: (delta) => deps.send(delta.tenant, [delta.room], frameOf(delta)),
    askForWhole: (messageId) => answers.repeat(messageId),
  });
  const pieces = createLocalHints<AnswerDelta>((_room, delta) => texts.receive(delta));
  const activity = createActivity({
    clock,
    countRunning: (tenant, agentId) => countRunning(dataSource, tenant, agentId),
    tell: (tenant, agentId, status) => agents.setStatus({ tenant, userId: agentId }, agentId, status),
    nameOf: roster.nameOf,
    failed,
  });
  const answers = createAnswers({
    ...deps,
    silenceMs: config.agentSilenceMs,
    alone: config.databaseUrl === null,
    agentOf: roster.agentOf,
    publish: (delta) => pieces.publish(delta.room, delta),
    typing: ({ tenant, room }, { id, name }, types) =>
      deps.typing(tenant, room, { user_id: id, name, is_ai: true }, types),
    activityChanged: activity.changed,
    onEnded: (how) => deps.metrics.answered(how),
  });
  const emotion = createEmotionReader({ model, broadcaster, clock, failed });

  function frameOf({ tenant, room, ...data }: AnswerDelta): EventFrame {
    const place = { id: undefined, tenant, caller: 'server', rooms: [room] };
    return frameNow(prepare({ event: 'message.delta', data, ...place })).frame;
  }

  return {
    answers,
    agentOf: roster.agentOf,
    /** What belongs to the transaction of a person's message. */
    async sent(
      manager: EntityManager,
      { caller: { tenant }, room, message, personaId, projectId }: Sent,
    ): Promise<void> {
      const isEncrypted = message.encrypted !== undefined;
      const place = room.kind === 'session' ? { sessionType: room.type ?? '' } : { personaId: room.personaId };
      const agentId = agentAsked({ personaId, place, isEncrypted });
      const said = { tenant, room: room.room, questionId: message.id, clientId: message.client_id ?? null };
      const by = { askedBy: message.sender_id, projectId: projectId ?? room.projectId };
      if (agentId !== null) await answers.ask(manager, { ...said, ...by, agentId });
      if (room.kind !== 'session' || !room.emotion || isEncrypted) return;
      const { id: messageId, sender_id: senderId, content } = message;
      onCommit(manager, () => emotion.read({ tenant, room: room.room, messageId, senderId, content }));
    },
    /** Somebody has joined rooms in this tick. */
    entered(member: Member, rooms: readonly RoomKey[]): void {
      const inRooms = rooms.flatMap((room) => texts.inRoom(member.principal.tenant, wireRoom(room)));
      for (const delta of inRooms) member.wire.write([frameOf(delta)]);
    },
    handedOut: (row: LogRow) => texts.emitted(row),
    start(): () => void {
      answers.start();
      return texts.start();
    },
    async stop(graceMs: number): Promise<void> {
      await answers.stop(graceMs);
      await emotion.stop();
      await model?.close();
      await activity.idle();
    },
  };
}
