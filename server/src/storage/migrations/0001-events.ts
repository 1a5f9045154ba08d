// The log: streams and their events, the outbox of callers' transactions, ids for idempotency, current values of keyed
// events – and roomcast_append, the one statement that writes to them. docs/delivery.md tells why it has this shape.
import type { Migration } from '../migrate.js';

const tables = `
create table log_epoch (
  "only" boolean primary key default true check ("only"),
  epoch text not null default substr(md5(gen_random_uuid()::text), 1, 12)
);
insert into log_epoch default values;

create table streams (
  stream text primary key,
  head bigint not null default 0,
  low bigint not null default 1,
  last_id uuid
) with (fillfactor = 50);

create table events (
  stream text not null,
  "offset" bigint not null,
  id uuid not null,
  prev uuid,
  event text not null,
  version integer not null,
  rooms text[] not null,
  data text not null,
  state_key text,
  ends jsonb,
  at timestamptz not null,
  primary key (stream, "offset")
);

create table event_rooms (
  stream text not null,
  room text not null,
  "offset" bigint not null,
  primary key (stream, room, "offset")
);

create table current_values (
  stream text not null,
  room text not null,
  event text not null,
  state_key text not null,
  "offset" bigint not null,
  id uuid not null,
  prev uuid,
  version integer not null,
  rooms text[] not null,
  data text not null,
  at timestamptz not null,
  primary key (stream, room, event, state_key)
);
create index current_values_key on current_values (stream, event, state_key);

create table outbox (
  seq bigserial primary key,
  stream text not null,
  id uuid not null,
  event text not null,
  version integer not null,
  rooms text[] not null,
  data text not null,
  state_key text,
  ends jsonb,
  scope text,
  key text,
  hash text,
  at timestamptz not null default clock_timestamp()
);
create index outbox_stream on outbox (stream, seq);

create table idempotency (
  scope text not null,
  key text not null,
  stream text not null,
  "offset" bigint not null,
  id uuid not null,
  hash text not null,
  created_at timestamptz not null default now(),
  primary key (scope, key)
);
create index idempotency_age on idempotency (created_at);
`;

// What of one stream is read and written between two of its row locks, in this order:
//   1  lock the batch's streams in name order (no deadlock), creating missing ones
//   2  under a fresh READ COMMITTED snapshot: drain their outbox rows, number them, then number and add the new rows
//      (ids in their order: those who add the same ones to other streams wait for each other in one direction only)
//   3  current values of keyed events, and the ends of them
// More than p_drain outbox rows waiting: this pass takes p_drain of them and no new row (o_ord = -1 says "call again"),
// so a long outbox is drained in bounded passes and a new row never overtakes one that its writer left before.
const append = `
create function roomcast_append(
  p_stream text[], p_id uuid[], p_event text[], p_version integer[], p_rooms text[], p_data text[],
  p_state_key text[], p_ends text[], p_scope text[], p_key text[], p_hash text[], p_drain integer, p_strict boolean
) returns table (
  o_ord integer, o_stream text, o_offset bigint, o_id uuid, o_prev uuid, o_event text, o_version integer, o_rooms text[],
  o_data text, o_state_key text, o_ends jsonb, o_at timestamptz, o_epoch text, o_duplicate boolean, o_conflict boolean
) language plpgsql as $$
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
end $$;
`;

// The rows that this call has added, by index: a planner without fresh statistics would rather read the whole table,
// but for the upper bound, which no call reaches.
const freshRows = `unnest(p_streams, p_heads) h (stream, head) cross join lateral (
    select * from events x where x.stream = h.stream and x."offset" > h.head and x."offset" < h.head + 1000000 offset 0) e`;

const values = `
create function roomcast_keep_values(p_streams text[], p_heads bigint[]) returns void language plpgsql as $$
begin
  if not exists (
    select 1 from ${freshRows} where e.state_key is not null or e.ends is not null)
  then return; end if;

  delete from current_values c using (
    select e.stream, x ->> 0 as event, x ->> 1 as state_key
    from ${freshRows} cross join jsonb_array_elements(e.ends) x) ended
  where c.stream = ended.stream and c.event = ended.event and c.state_key = ended.state_key;

  insert into current_values (stream, room, event, state_key, "offset", id, prev, version, rooms, data, at)
  select distinct on (e.stream, r, e.event, e.state_key)
    e.stream, r, e.event, e.state_key, e."offset", e.id, e.prev, e.version, e.rooms, e.data, e.at
  from ${freshRows} cross join unnest(e.rooms) r
  where e.state_key is not null and not exists (
    select 1 from events t cross join jsonb_array_elements(t.ends) x
    where t.stream = e.stream and t."offset" > e."offset" and x ->> 0 = e.event and x ->> 1 = e.state_key)
  order by e.stream, r, e.event, e.state_key, e."offset" desc
  on conflict (stream, room, event, state_key) do update set "offset" = excluded."offset", id = excluded.id,
    prev = excluded.prev, version = excluded.version, rooms = excluded.rooms, data = excluded.data, at = excluded.at;
end $$;
`;

export const migration: Migration = { name: '0001-events', sql: [tables, values, append] };
