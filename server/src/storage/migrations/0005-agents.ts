/**
 * Questions to agents and what becomes of them, and what people want of agents. A question is a row from the moment in
 * which its message is one; the row is what a killed process leaves of an answer in the making.
 */
import type { Migration } from '../migration.js';

// message_id is the answer's, chosen when it is asked. seq is the order of asking. owner is the node that makes the
// answer, seen_at its last sign of life, text as much of the answer as it has noted down. A room has one running answer.
const answers = `
create table answers (
  tenant text not null,
  message_id text not null,
  room text not null,
  agent_id text not null,
  question_id text not null,
  client_id text,
  asked_by text not null,
  project_id text,
  seq bigserial not null,
  status text not null default 'queued',
  attempt integer not null default 0,
  owner text,
  seen_at timestamptz(3),
  text text not null default '',
  stop_asked boolean not null default false,
  asked_at timestamptz(3) not null default now(),
  begun_at timestamptz(3),
  ended_at timestamptz(3),
  primary key (tenant, message_id)
);
create unique index answers_running on answers (tenant, room) where status = 'running';
create index answers_queued on answers (tenant, room, seq) where status = 'queued';
create index answers_question on answers (tenant, question_id);
create index answers_asker on answers (tenant, room, asked_by, begun_at desc);
create index answers_ended on answers (ended_at) where ended_at is not null;
`;

// project_id is empty for what holds everywhere.
const instructions = `
create table instructions (
  tenant text not null,
  user_id text not null,
  project_id text not null default '',
  content text not null,
  updated_at timestamptz(3) not null default now(),
  primary key (tenant, user_id, project_id)
);
`;

export const migration: Migration = { name: '0005-agents', sql: [answers, instructions] };
