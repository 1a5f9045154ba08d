// The statements about questions to agents and their answers.
import type { DataSource, EntityManager } from 'typeorm';
import { query } from '../../storage/query.js';
import type { Stop } from './draw-answer.js';

/** How an answer has ended. `dropped`: there was nothing to answer any more, and nobody is told. */
export type AnswerEnd = 'complete' | 'failed' | 'dropped' | Stop;

/** A question that is to be answered. */
export interface NewQuestion {
  readonly tenant: string;
  /** The id that the answer's message will have. */
  readonly messageId: string;
  readonly room: string;
  readonly agentId: string;
  readonly questionId: string;
  readonly clientId: string | null;
  readonly askedBy: string;
  readonly projectId: string | null;
}

/** An answer that this node makes. */
export interface Claim extends NewQuestion {
  readonly attempt: number;
}

/** A row as it is read. */
interface AnswerRow {
  tenant: string;
  message_id: string;
  room: string;
  agent_id: string;
  question_id: string;
  client_id: string | null;
  asked_by: string;
  project_id: string | null;
  status: 'queued' | 'running' | AnswerEnd;
  attempt: number;
  owner: string | null;
  text: string;
}

type On = DataSource | EntityManager;

const INSERT = `
insert into answers (tenant, message_id, room, agent_id, question_id, client_id, asked_by, project_id)
values ($1, $2, $3, $4, $5, $6, $7, $8)`;

export async function insertQuestion(manager: EntityManager, asked: NewQuestion): Promise<void> {
  const { tenant, messageId, room, agentId, questionId, clientId, askedBy, projectId } = asked;
  await query(manager, INSERT, [tenant, messageId, room, agentId, questionId, clientId, askedBy, projectId]);
}

// Of a room's questions the one whose asker has waited longest since an answer to them began there.
const CLAIM = `
update answers set status = 'running', attempt = attempt + 1, owner = $3, seen_at = now(), begun_at = now(), text = ''
where (tenant, message_id) = (
  select q.tenant, q.message_id from answers q
  where q.tenant = $1 and q.room = $2 and q.status = 'queued'
  order by (
    select max(b.begun_at) from answers b where b.tenant = q.tenant and b.room = q.room and b.asked_by = q.asked_by
  ) nulls first, q.seq
  limit 1 for update skip locked
) and not exists (select from answers r where r.tenant = $1 and r.room = $2 and r.status = 'running')
returning *`;

/** Takes the next question of a room. @returns null when there is none, or one of the room is being answered */
export async function claimNext(on: On, place: RoomPlace, owner: string): Promise<Claim | null> {
  try {
    const [row] = await query<AnswerRow>(on, CLAIM, [place.tenant, place.room, owner]);
    return row ? claimOf(row) : null;
  } catch (error) {
    // Two nodes at once: the other one has it.
    if (isTaken(error)) return null;
    throw error;
  }
}

function isTaken(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'code') === '23505';
}

function claimOf(row: AnswerRow): Claim {
  return {
    tenant: row.tenant,
    messageId: row.message_id,
    room: row.room,
    agentId: row.agent_id,
    questionId: row.question_id,
    clientId: row.client_id,
    askedBy: row.asked_by,
    projectId: row.project_id,
    attempt: row.attempt,
  };
}

const END = `
update answers set status = $5, ended_at = now(), owner = null, seen_at = null, text = ''
where tenant = $1 and message_id = $2 and status = 'running' and owner = $3 and attempt = $4
returning message_id`;

/** @returns false when somebody else has ended it: then nothing may be said of it any more */
export async function endAnswer(
  manager: EntityManager,
  { tenant, messageId, attempt }: Claim,
  owner: string,
  end: AnswerEnd,
): Promise<boolean> {
  return (await query(manager, END, [tenant, messageId, owner, attempt, end])).length > 0;
}

const PUT_BACK = `
update answers set status = 'queued', owner = null, seen_at = null, begun_at = null
where tenant = $1 and message_id = $2 and status = 'running' and owner = $3 and attempt = $4`;

/** An answer that nobody has heard anything of waits again. */
export async function putBack(on: On, { tenant, messageId, attempt }: Claim, owner: string): Promise<void> {
  await query(on, PUT_BACK, [tenant, messageId, owner, attempt]);
}

/** What a node has to say about an answer that it makes: how the text has grown since it last said so. */
export interface SignOfLife {
  readonly tenant: string;
  readonly messageId: string;
  readonly more: string;
}

const SIGN = `
update answers a set seen_at = now(), text = a.text || s.more
from unnest($2::text[], $3::text[], $4::text[]) s (tenant, message_id, more)
where a.tenant = s.tenant and a.message_id = s.message_id and a.status = 'running' and a.owner = $1
returning a.tenant, a.message_id, a.stop_asked`;

/** @returns of those that are this node's still, whether somebody wants them to stop */
export async function signOfLife(on: On, owner: string, signs: readonly SignOfLife[]) {
  const lists = [
    signs.map(({ tenant }) => tenant),
    signs.map(({ messageId }) => messageId),
    signs.map(({ more }) => more),
  ];
  return query<Pick<AnswerRow, 'tenant' | 'message_id'> & { stop_asked: boolean }>(on, SIGN, [owner, ...lists]);
}

/** An answer that is being made, as others than its node see it. */
export interface AnswerElsewhere extends Claim {
  readonly owner: string;
  /** Its node's last sign of life, as text: compared, never counted with. */
  readonly seenAt: string;
}

/** All answers that are being made, by whichever node. */
export async function runningAnswers(on: On): Promise<AnswerElsewhere[]> {
  const columns = 'tenant, message_id, room, agent_id, question_id, client_id, asked_by, project_id, attempt, owner';
  const sql = `select ${columns}, seen_at::text as seen from answers where status = 'running'`;
  const rows = await query<AnswerRow & { seen: string }>(on, sql);
  return rows.map((row) => ({ ...claimOf(row), owner: row.owner ?? '', seenAt: row.seen }));
}

const LOCK_ORPHAN = `
select text from answers
where tenant = $1 and message_id = $2 and status = 'running' and owner = $3 and attempt = $4 and seen_at::text = $5
for update`;

/** @returns what its node has noted down of the text; null when it has given a sign since, or has ended it */
export async function lockOrphan(manager: EntityManager, answer: AnswerElsewhere): Promise<string | null> {
  const { tenant, messageId, owner, attempt, seenAt } = answer;
  const [row] = await query<Pick<AnswerRow, 'text'>>(manager, LOCK_ORPHAN, [tenant, messageId, owner, attempt, seenAt]);
  return row?.text ?? null;
}

/** Rooms whose questions wait, of all tenants. */
export async function waitingRooms(on: On): Promise<RoomPlace[]> {
  return query(on, `select distinct tenant, room from answers where status = 'queued'`);
}

export interface RoomPlace {
  readonly tenant: string;
  readonly room: string;
}

/** An answer that somebody asks about. */
export interface FoundAnswer extends Claim {
  readonly status: AnswerRow['status'];
  readonly owner: string | null;
}

const BY_MESSAGE = `
select * from answers where tenant = $1 and (message_id = $2 or question_id = $2) order by seq desc limit 1`;
const BY_CLIENT_ID = `
select * from answers where tenant = $1 and asked_by = $2 and client_id = $3 order by seq desc limit 1`;

/** @param id of the answer's message, or of the question's */
export async function findByMessage(on: On, tenant: string, id: string): Promise<FoundAnswer | null> {
  return foundOf(await query<AnswerRow>(on, BY_MESSAGE, [tenant, id]));
}

export async function findByClientId(
  on: On,
  tenant: string,
  askedBy: string,
  clientId: string,
): Promise<FoundAnswer | null> {
  return foundOf(await query<AnswerRow>(on, BY_CLIENT_ID, [tenant, askedBy, clientId]));
}

function foundOf([row]: readonly AnswerRow[]): FoundAnswer | null {
  return row ? { ...claimOf(row), status: row.status, owner: row.owner } : null;
}

const CANCEL_QUEUED = `
update answers set status = 'cancelled', ended_at = now()
where tenant = $1 and message_id = $2 and status = 'queued' returning message_id`;

/** @returns whether it was waiting still */
export async function cancelQueued(manager: EntityManager, { tenant, messageId }: NewQuestion): Promise<boolean> {
  return (await query(manager, CANCEL_QUEUED, [tenant, messageId])).length > 0;
}

/** Its node finds out with its next sign of life. */
export async function askToStop(on: On, { tenant, messageId }: NewQuestion): Promise<void> {
  const sql = `update answers set stop_asked = true where tenant = $1 and message_id = $2 and status = 'running'`;
  await query(on, sql, [tenant, messageId]);
}

/** How many answers an agent makes in a tenant, on all nodes. */
export async function countRunning(on: On, tenant: string, agentId: string): Promise<number> {
  const sql = `select count(*)::int as running from answers where tenant = $1 and agent_id = $2 and status = 'running'`;
  const [row] = await query<{ running: number }>(on, sql, [tenant, agentId]);
  return row?.running ?? 0;
}

/** Agents that are said to be busy, of those that make answers here. */
export async function busyAgents(on: On): Promise<{ tenant: string; agentId: string }[]> {
  const sql = `select distinct a.tenant, a.agent_id as "agentId" from answers a
    join agents s on s.tenant = a.tenant and s.id = a.agent_id where s.status = 'busy'`;
  return query(on, sql);
}

/** Removes what ended so many days ago. */
export async function forgetAnswers(on: On, days: number): Promise<void> {
  await query(on, `delete from answers where ended_at < now() - $1 * interval '1 day'`, [days]);
}
