/**
 * Runs of workflows: what each is and how far, the steps that are done, the nodes that execute, and the newest attempts
 * of runs that other engines execute. What is JSON here is only kept and handed on, so it is `json`, which takes every
 * text that JSON can spell.
 */
import type { Migration } from '../migration.js';

// Whoever executes an attempt names its number in every statement, so one that was overtaken changes nothing.
const runs = `
create table workflows (
  tenant text not null,
  id text not null,
  name text not null,
  project_id text,
  status text not null default 'queued',
  priority integer not null default 0,
  input json not null,
  result json,
  error json,
  progress double precision not null default 0,
  current_step text not null default '',
  total_steps integer not null default 0,
  attempt integer not null default 0,
  failures integer not null default 0,
  losses integer not null default 0,
  node uuid,
  due_at timestamptz(3) not null default now(),
  started_by text not null,
  notify boolean not null default false,
  created_at timestamptz(3) not null default now(),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  primary key (tenant, id)
);
create index workflows_newest on workflows (tenant, created_at desc, id desc);
create index workflows_of_project on workflows (tenant, project_id, created_at desc, id desc)
  where project_id is not null;
create index workflows_waiting on workflows (name, due_at) where status = 'queued';
create index workflows_active on workflows (name) where status in ('running', 'cancelling');

create table workflow_steps (
  tenant text not null,
  workflow_id text not null,
  name text not null,
  result json,
  attempt integer not null,
  finished_at timestamptz(3) not null default now(),
  primary key (tenant, workflow_id, name),
  foreign key (tenant, workflow_id) references workflows (tenant, id) on delete cascade
);
`;

// process names the operating system's process, so that one that is known to be dead is not waited for.
const nodes = `
create table workflow_nodes (
  node uuid primary key,
  process json not null,
  alive_until timestamptz(3) not null
);

create table workflow_fences (
  tenant text not null,
  workflow_id text not null,
  attempt integer not null,
  updated_at timestamptz(3) not null default now(),
  primary key (tenant, workflow_id)
);
create index workflow_fences_age on workflow_fences (updated_at);
`;

export const migration: Migration = { name: '0004-workflows', sql: [runs, nodes] };
