-- What all migrations together make. Written by UPDATE_SCHEMA=1 and server/test/storage/schema.test.ts.

create table agents (
  "tenant" text not null,
  "id" text not null,
  "name" text not null,
  "status" text not null,
  "availability" double precision not null,
  "metadata" jsonb not null default '{}'::jsonb,
  "created_at" timestamp(3) with time zone not null default now(),
  "updated_at" timestamp(3) with time zone not null default now(),
  constraint agents_pkey PRIMARY KEY (tenant, id)
);
CREATE INDEX agents_newest ON public.agents USING btree (tenant, created_at DESC, id DESC);

create table answers (
  "tenant" text not null,
  "message_id" text not null,
  "room" text not null,
  "agent_id" text not null,
  "question_id" text not null,
  "client_id" text,
  "asked_by" text not null,
  "project_id" text,
  "seq" bigint not null default nextval('answers_seq_seq'::regclass),
  "status" text not null default 'queued'::text,
  "attempt" integer not null default 0,
  "owner" text,
  "seen_at" timestamp(3) with time zone,
  "text" text not null default ''::text,
  "stop_asked" boolean not null default false,
  "asked_at" timestamp(3) with time zone not null default now(),
  "begun_at" timestamp(3) with time zone,
  "ended_at" timestamp(3) with time zone,
  constraint answers_pkey PRIMARY KEY (tenant, message_id)
);
CREATE INDEX answers_asker ON public.answers USING btree (tenant, room, asked_by, begun_at DESC);
CREATE INDEX answers_ended ON public.answers USING btree (ended_at) WHERE (ended_at IS NOT NULL);
CREATE INDEX answers_question ON public.answers USING btree (tenant, question_id);
CREATE INDEX answers_queued ON public.answers USING btree (tenant, room, seq) WHERE (status = 'queued'::text);
CREATE UNIQUE INDEX answers_running ON public.answers USING btree (tenant, room) WHERE (status = 'running'::text);

create table api_keys (
  "tenant" text not null,
  "id" text not null,
  "name" text not null,
  "hash" text not null,
  "roles" text[] not null,
  "created_by" text not null,
  "created_at" timestamp(3) with time zone not null default now(),
  "expires_at" timestamp(3) with time zone,
  "revoked_at" timestamp(3) with time zone,
  constraint api_keys_pkey PRIMARY KEY (tenant, id),
  constraint api_keys_hash_key UNIQUE (hash)
);
CREATE INDEX api_keys_newest ON public.api_keys USING btree (tenant, created_at DESC, id DESC);

create table attachments (
  "tenant" text not null,
  "id" text not null,
  "room" text not null,
  "uploader_id" text not null,
  "message_id" text,
  "name" text not null,
  "media_type" text not null,
  "size" bigint not null,
  "created_at" timestamp(3) with time zone not null default now(),
  constraint attachments_pkey PRIMARY KEY (tenant, id),
  constraint attachments_tenant_room_fkey FOREIGN KEY (tenant, room) REFERENCES chat_rooms(tenant, room) ON DELETE CASCADE
);
CREATE INDEX attachments_message ON public.attachments USING btree (tenant, message_id) WHERE (message_id IS NOT NULL);
CREATE INDEX attachments_unused ON public.attachments USING btree (created_at) WHERE (message_id IS NULL);

create table chat_members (
  "tenant" text not null,
  "room" text not null,
  "user_id" text not null,
  "place" bigint not null default nextval('chat_members_place_seq'::regclass),
  "read_seq" bigint not null default 0,
  constraint chat_members_pkey PRIMARY KEY (tenant, room, user_id),
  constraint chat_members_tenant_room_fkey FOREIGN KEY (tenant, room) REFERENCES chat_rooms(tenant, room) ON DELETE CASCADE
);
CREATE INDEX chat_members_user ON public.chat_members USING btree (tenant, user_id, room);

create table chat_rooms (
  "tenant" text not null,
  "room" text not null,
  "kind" text not null,
  "id" text not null,
  "type" text,
  "title" text,
  "project_id" text,
  "persona_id" text,
  "owner_id" text not null,
  "emotion" boolean not null default false,
  "archived" boolean not null default false,
  "last_seq" bigint not null default 0,
  "created_at" timestamp(3) with time zone not null default now(),
  "updated_at" timestamp(3) with time zone not null default now(),
  constraint chat_rooms_pkey PRIMARY KEY (tenant, room)
);
CREATE INDEX chat_rooms_newest ON public.chat_rooms USING btree (tenant, kind, created_at DESC, id DESC);

create table current_values (
  "stream" text not null,
  "room" text not null,
  "event" text not null,
  "state_key" text not null,
  "offset" bigint not null,
  "id" uuid not null,
  "prev" uuid,
  "version" integer not null,
  "rooms" text[] not null,
  "data" text not null,
  "at" timestamp with time zone not null,
  constraint current_values_pkey PRIMARY KEY (stream, room, event, state_key)
);
CREATE INDEX current_values_key ON public.current_values USING btree (stream, event, state_key);

create table event_rooms (
  "stream" text not null,
  "room" text not null,
  "offset" bigint not null,
  constraint event_rooms_pkey PRIMARY KEY (stream, room, "offset")
);

create table events (
  "stream" text not null,
  "offset" bigint not null,
  "id" uuid not null,
  "prev" uuid,
  "event" text not null,
  "version" integer not null,
  "rooms" text[] not null,
  "data" text not null,
  "state_key" text,
  "ends" jsonb,
  "at" timestamp with time zone not null,
  constraint events_pkey PRIMARY KEY (stream, "offset")
);

create table github_inbox (
  "id" text not null,
  "seq" bigint not null default nextval('github_inbox_seq_seq'::regclass),
  "hook_id" text not null default ''::text,
  "delivery_id" text not null,
  "tenants" text[] not null,
  "github_event" text not null,
  "action" text,
  "repository_key" text not null,
  "payload" text not null,
  "status" text not null default 'pending'::text,
  "attempts" integer not null default 0,
  "last_error" text,
  "replays" integer not null default 0,
  "replay_tenant" text,
  "due_at" timestamp(3) with time zone not null default now(),
  "received_at" timestamp(3) with time zone not null default now(),
  "processed_at" timestamp(3) with time zone,
  constraint github_inbox_pkey PRIMARY KEY (id),
  constraint github_inbox_hook_id_delivery_id_tenants_key UNIQUE (hook_id, delivery_id, tenants)
);
CREATE INDEX github_inbox_newest ON public.github_inbox USING btree (received_at DESC, id DESC);
CREATE INDEX github_inbox_pending ON public.github_inbox USING btree (repository_key, seq) WHERE (status = 'pending'::text);

create table github_inbox_tenants (
  "inbox_id" text not null,
  "tenant" text not null,
  constraint github_inbox_tenants_pkey PRIMARY KEY (inbox_id, tenant),
  constraint github_inbox_tenants_inbox_id_fkey FOREIGN KEY (inbox_id) REFERENCES github_inbox(id) ON DELETE CASCADE
);

create table idempotency (
  "scope" text not null,
  "key" text not null,
  "stream" text not null,
  "offset" bigint not null,
  "id" uuid not null,
  "hash" text not null,
  "created_at" timestamp with time zone not null default now(),
  constraint idempotency_pkey PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_age ON public.idempotency USING btree (created_at);

create table instructions (
  "tenant" text not null,
  "user_id" text not null,
  "project_id" text not null default ''::text,
  "content" text not null,
  "updated_at" timestamp(3) with time zone not null default now(),
  constraint instructions_pkey PRIMARY KEY (tenant, user_id, project_id)
);

create table log_epoch (
  "only" boolean not null default true,
  "epoch" text not null default substr(md5((gen_random_uuid())::text), 1, 12),
  constraint log_epoch_pkey PRIMARY KEY ("only"),
  constraint log_epoch_only_check CHECK ("only")
);

create table message_reactions (
  "tenant" text not null,
  "message_id" text not null,
  "emoji" text not null,
  "user_id" text not null,
  "place" bigint not null default nextval('message_reactions_place_seq'::regclass),
  constraint message_reactions_pkey PRIMARY KEY (tenant, message_id, emoji, user_id),
  constraint message_reactions_tenant_message_id_fkey FOREIGN KEY (tenant, message_id) REFERENCES messages(tenant, id) ON DELETE CASCADE
);

create table messages (
  "tenant" text not null,
  "id" text not null,
  "room" text not null,
  "seq" bigint not null,
  "sender_id" text not null,
  "sender_name" text not null,
  "role" text not null,
  "agent_id" text,
  "content" text not null,
  "status" text not null,
  "reply_to" text,
  "mentions" text[] not null default '{}'::text[],
  "encrypted" text,
  "client_id" text,
  "client_hash" text,
  "created_at" timestamp(3) with time zone not null default now(),
  "edited_at" timestamp(3) with time zone,
  "deleted_at" timestamp(3) with time zone,
  "words" tsvector default 
CASE
    WHEN ((encrypted IS NULL) AND (deleted_at IS NULL)) THEN to_tsvector('simple'::regconfig, content)
    ELSE NULL::tsvector
END,
  constraint messages_pkey PRIMARY KEY (tenant, id),
  constraint messages_tenant_room_fkey FOREIGN KEY (tenant, room) REFERENCES chat_rooms(tenant, room) ON DELETE CASCADE
);
CREATE UNIQUE INDEX messages_client ON public.messages USING btree (tenant, sender_id, client_id) WHERE (client_id IS NOT NULL);
CREATE UNIQUE INDEX messages_place ON public.messages USING btree (tenant, room, seq);
CREATE INDEX messages_words ON public.messages USING gin (words);

create table notifications (
  "tenant" text not null,
  "id" text not null,
  "user_id" text not null,
  "title" text not null,
  "message" text not null,
  "level" text not null,
  "project_id" text,
  "link" text,
  "created_at" timestamp(3) with time zone not null default now(),
  "read_at" timestamp(3) with time zone,
  constraint notifications_pkey PRIMARY KEY (tenant, id)
);
CREATE INDEX notifications_newest ON public.notifications USING btree (tenant, user_id, created_at DESC, id DESC);
CREATE INDEX notifications_unread ON public.notifications USING btree (tenant, user_id, created_at DESC, id DESC) WHERE (read_at IS NULL);

create table outbox (
  "seq" bigint not null default nextval('outbox_seq_seq'::regclass),
  "stream" text not null,
  "id" uuid not null,
  "event" text not null,
  "version" integer not null,
  "rooms" text[] not null,
  "data" text not null,
  "state_key" text,
  "ends" jsonb,
  "scope" text,
  "key" text,
  "hash" text,
  "at" timestamp with time zone not null default clock_timestamp(),
  constraint outbox_pkey PRIMARY KEY (seq)
);
CREATE INDEX outbox_stream ON public.outbox USING btree (stream, seq);

create table projects (
  "tenant" text not null,
  "id" text not null,
  "name" text not null,
  "repository_url" text,
  "repository_key" text,
  "status" text not null,
  "created_by" text not null,
  "created_at" timestamp(3) with time zone not null default now(),
  "updated_at" timestamp(3) with time zone not null default now(),
  "deleted_at" timestamp(3) with time zone,
  constraint projects_pkey PRIMARY KEY (tenant, id)
);
CREATE INDEX projects_newest ON public.projects USING btree (tenant, created_at DESC, id DESC) WHERE (deleted_at IS NULL);
CREATE INDEX projects_repository ON public.projects USING btree (repository_key, tenant) WHERE ((repository_key IS NOT NULL) AND (deleted_at IS NULL));

create table roomcast_migrations (
  "name" text not null,
  "breaking" boolean not null,
  "applied_at" timestamp(3) with time zone not null default now(),
  constraint roomcast_migrations_pkey PRIMARY KEY (name)
);

create table streams (
  "stream" text not null,
  "head" bigint not null default 0,
  "low" bigint not null default 1,
  "last_id" uuid,
  constraint streams_pkey PRIMARY KEY (stream)
) with (fillfactor=50);

create table suggestions (
  "tenant" text not null,
  "id" text not null,
  "project_id" text not null,
  "target_type" text not null,
  "target_id" text not null,
  "category" text not null,
  "title" text not null,
  "description" text not null,
  "severity" text not null,
  "confidence" double precision not null,
  "suggested_action" text,
  "metadata" jsonb not null default '{}'::jsonb,
  "created_at" timestamp(3) with time zone not null default now(),
  constraint suggestions_pkey PRIMARY KEY (tenant, id)
);
CREATE INDEX suggestions_newest ON public.suggestions USING btree (tenant, project_id, created_at DESC, id DESC);

create table users (
  "tenant" text not null,
  "id" text not null,
  "name" text,
  "active" boolean not null default true,
  "last_seen" timestamp(3) with time zone,
  "created_at" timestamp(3) with time zone not null default now(),
  constraint users_pkey PRIMARY KEY (tenant, id)
);

create table workflow_fences (
  "tenant" text not null,
  "workflow_id" text not null,
  "attempt" integer not null,
  "updated_at" timestamp(3) with time zone not null default now(),
  constraint workflow_fences_pkey PRIMARY KEY (tenant, workflow_id)
);
CREATE INDEX workflow_fences_age ON public.workflow_fences USING btree (updated_at);

create table workflow_nodes (
  "node" uuid not null,
  "process" json not null,
  "alive_until" timestamp(3) with time zone not null,
  constraint workflow_nodes_pkey PRIMARY KEY (node)
);

create table workflow_steps (
  "tenant" text not null,
  "workflow_id" text not null,
  "name" text not null,
  "result" json,
  "attempt" integer not null,
  "finished_at" timestamp(3) with time zone not null default now(),
  constraint workflow_steps_pkey PRIMARY KEY (tenant, workflow_id, name),
  constraint workflow_steps_tenant_workflow_id_fkey FOREIGN KEY (tenant, workflow_id) REFERENCES workflows(tenant, id) ON DELETE CASCADE
);

create table workflows (
  "tenant" text not null,
  "id" text not null,
  "name" text not null,
  "project_id" text,
  "status" text not null default 'queued'::text,
  "priority" integer not null default 0,
  "input" json not null,
  "result" json,
  "error" json,
  "progress" double precision not null default 0,
  "current_step" text not null default ''::text,
  "total_steps" integer not null default 0,
  "attempt" integer not null default 0,
  "failures" integer not null default 0,
  "losses" integer not null default 0,
  "node" uuid,
  "due_at" timestamp(3) with time zone not null default now(),
  "started_by" text not null,
  "notify" boolean not null default false,
  "created_at" timestamp(3) with time zone not null default now(),
  "started_at" timestamp(3) with time zone,
  "finished_at" timestamp(3) with time zone,
  constraint workflows_pkey PRIMARY KEY (tenant, id)
);
CREATE INDEX workflows_active ON public.workflows USING btree (name) WHERE (status = ANY (ARRAY['running'::text, 'cancelling'::text]));
CREATE INDEX workflows_newest ON public.workflows USING btree (tenant, created_at DESC, id DESC);
CREATE INDEX workflows_of_project ON public.workflows USING btree (tenant, project_id, created_at DESC, id DESC) WHERE (project_id IS NOT NULL);
CREATE INDEX workflows_waiting ON public.workflows USING btree (name, due_at) WHERE (status = 'queued'::text);

CREATE OR REPLACE FUNCTION public.roomcast_append(p_stream text[], p_id uuid[], p_event text[], p_version integer[], p_rooms text[], p_data text[], p_state_key text[], p_ends text[], p_scope text[], p_key text[], p_hash text[], p_drain integer, p_strict boolean)
 RETURNS TABLE(o_ord integer, o_stream text, o_offset bigint, o_id uuid, o_prev uuid, o_event text, o_version integer, o_rooms text[], o_data text, o_state_key text, o_ends jsonb, o_at timestamp with time zone, o_epoch text, o_duplicate boolean, o_conflict boolean)
 LANGUAGE plpgsql
AS $function$
declare
  v_streams text[];
  v_heads bigint[];
  v_direct boolean;
begin
  select array_agg(s order by s) into v_streams from (
    select unnest(p_stream) s
    union select w.stream from (select b.stream from outbox b order by b.seq limit p_drain) w) wanted;
  if v_streams is null then return; end if;

  insert into streams (stream) select s from unnest(v_streams) s order by s
    on conflict (stream) do update set head = streams.head;
  select array_agg(s.head order by s.stream) into v_heads from streams s where s.stream = any (v_streams);
  v_direct := (select count(*) from (
    select 1 from outbox b where b.stream = any (v_streams) limit p_drain + 1) waiting) <= p_drain;

  return query
  with drained as (
    delete from outbox o where o.stream = any (v_streams) and (v_direct or o.seq in (
      select b.seq from outbox b where b.stream = any (v_streams) order by b.seq limit p_drain))
    returning o.*),
  candidate as (
    select 0 as source, d.seq, null::integer as ord, d.stream, d.id, d.event, d.version, d.rooms, d.data, d.state_key,
      d.ends, d.scope, d.key, d.hash from drained d
    union all
    select 1, n.ord, n.ord::integer, n.stream, n.id, n.event, n.version, string_to_array(n.rooms, ' '), n.data,
      n.state_key, n.ends::jsonb, n.scope, n.key, n.hash
    from unnest(p_stream, p_id, p_event, p_version, p_rooms, p_data, p_state_key, p_ends, p_scope, p_key, p_hash)
      with ordinality n (stream, id, event, version, rooms, data, state_key, ends, scope, key, hash, ord)
    where v_direct),
  known as (
    select c.*, i.stream as i_stream, i."offset" as i_offset, i.id as i_id,
      coalesce(i.hash, first_value(c.hash) over same) as first_hash,
      c.key is not null and row_number() over same > 1 as repeated
    from candidate c left join lateral (
      select * from idempotency x where x.scope = c.scope and x.key = c.key limit 1) i on c.key is not null
    window same as (partition by c.scope, c.key order by c.source, c.seq)),
  numbered as (
    select k.*, s.head + row_number() over placed as "offset",
      coalesce(lag(k.id) over placed, s.last_id) as prev, clock_timestamp() as at
    from known k join streams s on s.stream = k.stream
    where k.i_offset is null and not k.repeated
    window placed as (partition by k.stream order by k.source, k.seq)),
  logged as (
    insert into events (stream, "offset", id, prev, event, version, rooms, data, state_key, ends, at)
    select n.stream, n."offset", n.id, n.prev, n.event, n.version, n.rooms, n.data, n.state_key, n.ends, n.at
    from numbered n),
  indexed as (
    insert into event_rooms (stream, room, "offset")
    select n.stream, r, n."offset" from numbered n cross join unnest(n.rooms) r where n.stream like '%/tenant'),
  remembered as (
    insert into idempotency (scope, key, stream, "offset", id, hash)
    select n.scope, n.key, n.stream, n."offset", n.id, n.hash from numbered n where n.key is not null
    order by n.scope, n.key),
  moved as (
    update streams s set head = m.head, last_id = m.last_id
    from (select n.stream, max(n."offset") as head, (array_agg(n.id order by n."offset" desc))[1] as last_id
      from numbered n group by n.stream) m
    where s.stream = m.stream)
  select n.ord, n.stream, n."offset", n.id, n.prev, n.event, n.version, n.rooms, n.data, n.state_key, n.ends, n.at,
    e.epoch, false, false
  from numbered n cross join log_epoch e
  union all
  select k.ord, coalesce(k.i_stream, n.stream), coalesce(k.i_offset, n."offset"), coalesce(k.i_id, n.id), null, k.event,
    k.version, k.rooms, null, null, null, null, e.epoch, true, k.hash is distinct from k.first_hash
  from known k cross join log_epoch e
    left join numbered n on k.i_offset is null and n.scope = k.scope and n.key = k.key
  where (k.i_offset is not null or k.repeated) and k.source = 1
  order by 2, 3;

  perform roomcast_keep_values(v_streams, v_heads);
  if p_strict and v_direct and exists (
    select 1 from unnest(p_id, p_scope, p_key, p_hash) with ordinality n (id, scope, key, hash, ord)
    join idempotency i on i.scope = n.scope and i.key = n.key where i.hash <> n.hash)
  then
    raise exception 'an id of the group was used for another event' using errcode = 'RC409';
  end if;
  if not v_direct then o_ord := -1; return next; end if;
end $function$;

CREATE OR REPLACE FUNCTION public.roomcast_keep_values(p_streams text[], p_heads bigint[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
begin
  if not exists (
    select 1 from unnest(p_streams, p_heads) h (stream, head) cross join lateral (
    select * from events x where x.stream = h.stream and x."offset" > h.head and x."offset" < h.head + 1000000 offset 0) e where e.state_key is not null or e.ends is not null)
  then return; end if;

  delete from current_values c using (
    select e.stream, x ->> 0 as event, x ->> 1 as state_key
    from unnest(p_streams, p_heads) h (stream, head) cross join lateral (
    select * from events x where x.stream = h.stream and x."offset" > h.head and x."offset" < h.head + 1000000 offset 0) e cross join jsonb_array_elements(e.ends) x) ended
  where c.stream = ended.stream and c.event = ended.event and c.state_key = ended.state_key;

  insert into current_values (stream, room, event, state_key, "offset", id, prev, version, rooms, data, at)
  select distinct on (e.stream, r, e.event, e.state_key)
    e.stream, r, e.event, e.state_key, e."offset", e.id, e.prev, e.version, e.rooms, e.data, e.at
  from unnest(p_streams, p_heads) h (stream, head) cross join lateral (
    select * from events x where x.stream = h.stream and x."offset" > h.head and x."offset" < h.head + 1000000 offset 0) e cross join unnest(e.rooms) r
  where e.state_key is not null and not exists (
    select 1 from events t cross join jsonb_array_elements(t.ends) x
    where t.stream = e.stream and t."offset" > e."offset" and x ->> 0 = e.event and x ->> 1 = e.state_key)
  order by e.stream, r, e.event, e.state_key, e."offset" desc
  on conflict (stream, room, event, state_key) do update set "offset" = excluded."offset", id = excluded.id,
    prev = excluded.prev, version = excluded.version, rooms = excluded.rooms, data = excluded.data, at = excluded.at;
end $function$;
