/**
 * Users, API keys, projects, agents, suggestions, notifications and the inbox of GitHub deliveries. Every row names its
 * tenant; times are whole milliseconds, which a JavaScript Date holds exactly; lists are read newest first, and each has
 * the index that such a page needs.
 */
import type { Migration } from '../migration.js';

const people = `
create table users (
  tenant text not null,
  id text not null,
  name text,
  active boolean not null default true,
  last_seen timestamptz(3),
  created_at timestamptz(3) not null default now(),
  primary key (tenant, id)
);

create table api_keys (
  tenant text not null,
  id text not null,
  name text not null,
  hash text not null unique,
  roles text[] not null,
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  primary key (tenant, id)
);
create index api_keys_newest on api_keys (tenant, created_at desc, id desc);
`;

// A deleted project keeps its row: its id is in the log and is not given again. A repository's living projects are looked
// up for each delivery, in one tenant or in all.
const projects = `
create table projects (
  tenant text not null,
  id text not null,
  name text not null,
  repository_url text,
  repository_key text,
  status text not null,
  created_by text not null,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  deleted_at timestamptz(3),
  primary key (tenant, id)
);
create index projects_newest on projects (tenant, created_at desc, id desc) where deleted_at is null;
create index projects_repository on projects (repository_key, tenant)
  where repository_key is not null and deleted_at is null;

create table agents (
  tenant text not null,
  id text not null,
  name text not null,
  status text not null,
  availability double precision not null,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  primary key (tenant, id)
);
create index agents_newest on agents (tenant, created_at desc, id desc);

create table suggestions (
  tenant text not null,
  id text not null,
  project_id text not null,
  target_type text not null,
  target_id text not null,
  category text not null,
  title text not null,
  description text not null,
  severity text not null,
  confidence double precision not null,
  suggested_action text,
  metadata jsonb not null default '{}',
  created_at timestamptz(3) not null default now(),
  primary key (tenant, id)
);
create index suggestions_newest on suggestions (tenant, project_id, created_at desc, id desc);

create table notifications (
  tenant text not null,
  id text not null,
  user_id text not null,
  title text not null,
  message text not null,
  level text not null,
  project_id text,
  link text,
  created_at timestamptz(3) not null default now(),
  read_at timestamptz(3),
  primary key (tenant, id)
);
create index notifications_newest on notifications (tenant, user_id, created_at desc, id desc);
create index notifications_unread on notifications (tenant, user_id, created_at desc, id desc) where read_at is null;
`;

// seq is the order in which a repository's deliveries are processed; taken up again, a delivery gets a new one. tenants
// are those of the secret that it was signed with, none meaning every tenant.
const inbox = `
create table github_inbox (
  id text primary key,
  seq bigserial not null,
  hook_id text not null default '',
  delivery_id text not null,
  tenants text[] not null,
  github_event text not null,
  action text,
  repository_key text not null,
  payload text not null,
  status text not null default 'pending',
  attempts integer not null default 0,
  last_error text,
  replays integer not null default 0,
  replay_tenant text,
  due_at timestamptz(3) not null default now(),
  received_at timestamptz(3) not null default now(),
  processed_at timestamptz(3),
  unique (hook_id, delivery_id, tenants)
);
create index github_inbox_pending on github_inbox (repository_key, seq) where status = 'pending';
create index github_inbox_newest on github_inbox (received_at desc, id desc);

create table github_inbox_tenants (
  inbox_id text not null references github_inbox (id) on delete cascade,
  tenant text not null,
  primary key (inbox_id, tenant)
);
`;

export const migration: Migration = { name: '0002-features', sql: [people, projects, inbox] };
