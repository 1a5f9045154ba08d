/**
 * Sessions and conversations, who is in them and how far each has read, messages, reactions and files. `messages.seq` is a
 * message's place in its room: given under the room's row lock, so it is also the order of the events that tell of it.
 */
import type { Migration } from '../migration.js';

const rooms = `
create table chat_rooms (
  tenant text not null,
  room text not null,
  kind text not null,
  id text not null,
  type text,
  title text,
  project_id text,
  persona_id text,
  owner_id text not null,
  emotion boolean not null default false,
  archived boolean not null default false,
  last_seq bigint not null default 0,
  created_at timestamptz(3) not null default now(),
  updated_at timestamptz(3) not null default now(),
  primary key (tenant, room)
);
create index chat_rooms_newest on chat_rooms (tenant, kind, created_at desc, id desc);

create table chat_members (
  tenant text not null,
  room text not null,
  user_id text not null,
  place bigserial not null,
  read_seq bigint not null default 0,
  primary key (tenant, room, user_id),
  foreign key (tenant, room) references chat_rooms (tenant, room) on delete cascade
);
create index chat_members_user on chat_members (tenant, user_id, room);
`;

// What is encrypted or deleted is never searched. The words are those of any language, as they are written.
const messages = `
create table messages (
  tenant text not null,
  id text not null,
  room text not null,
  seq bigint not null,
  sender_id text not null,
  sender_name text not null,
  role text not null,
  agent_id text,
  content text not null,
  status text not null,
  reply_to text,
  mentions text[] not null default '{}',
  encrypted text,
  client_id text,
  client_hash text,
  created_at timestamptz(3) not null default now(),
  edited_at timestamptz(3),
  deleted_at timestamptz(3),
  words tsvector generated always as (
    case when encrypted is null and deleted_at is null then to_tsvector('simple', content) end
  ) stored,
  primary key (tenant, id),
  foreign key (tenant, room) references chat_rooms (tenant, room) on delete cascade
);
create unique index messages_place on messages (tenant, room, seq);
create unique index messages_client on messages (tenant, sender_id, client_id) where client_id is not null;
create index messages_words on messages using gin (words);

create table message_reactions (
  tenant text not null,
  message_id text not null,
  emoji text not null,
  user_id text not null,
  place bigserial not null,
  primary key (tenant, message_id, emoji, user_id),
  foreign key (tenant, message_id) references messages (tenant, id) on delete cascade
);

create table attachments (
  tenant text not null,
  id text not null,
  room text not null,
  uploader_id text not null,
  message_id text,
  name text not null,
  media_type text not null,
  size bigint not null,
  created_at timestamptz(3) not null default now(),
  primary key (tenant, id),
  foreign key (tenant, room) references chat_rooms (tenant, room) on delete cascade
);
create index attachments_message on attachments (tenant, message_id) where message_id is not null;
create index attachments_unused on attachments (created_at) where message_id is null;
`;

export const migration: Migration = { name: '0003-chat', sql: [rooms, messages] };
