// Search in what was said in the rooms that the caller is in: PostgreSQL's full text, best first, the words marked.
import { badField, id, RoomcastError, type Message } from '@roomcast/protocol';
import type { DataSource } from 'typeorm';
import { z } from 'zod';
import type { Principal } from '../identity/principal.js';
import { query } from '../storage/query.js';
import { isChatRoomName } from './chat-room-name.js';
import { selectMessages, type MessageRow } from './message-store.js';
import { messageOf } from './message-view.js';

export interface Found {
  message: Message;
  /** HTML: parts of the text, escaped, with the words that were found in `<mark>`. */
  highlight: string;
  rank: number;
}

export interface SearchRequest {
  q: string;
  /** Only this room. */
  room: string | undefined;
  limit: number;
  cursor: string | undefined;
}

/** @throws RoomcastError `not_found` (the room), `bad_request` (the cursor) */
export type Search = (
  caller: Principal,
  request: SearchRequest,
) => Promise<{ items: Found[]; next_cursor: string | null }>;

// Control characters, cut out of what people write: they stand around the words that were found, and in the place of
// what the parser would take for tags and entities, and leave out.
const [BEGIN, END] = ['\u0002', '\u0003'];
const PLAYED = { '\u0004': '<', '\u0005': '>', '\u0006': '&' };
const [players, played] = [Object.keys(PLAYED).join(''), Object.values(PLAYED).join('')];
const CONTENT = `translate(m.content, '${played}${players}${BEGIN}${END}', '${players}')`;
const HEADLINE = `StartSel=${BEGIN}, StopSel=${END}, MaxFragments=2, MaxWords=30, MinWords=10, ShortWord=0, FragmentDelimiter=" … "`;

const ASKED = `websearch_to_tsquery('simple', $3)`;

// 32: ranks from 0 to 1. https://www.postgresql.org/docs/current/textsearch-controls.html#TEXTSEARCH-RANKING
// The rank that is worth most comes first; the page is cut before its texts are marked, which costs most.
const SEARCH = `
with found as (
  select x.tenant, x.id, ts_rank_cd(x.words, ${ASKED}, 32)::float8 as rank
  from messages x
  where x.words @@ ${ASKED} and x.tenant = $1 and ($4::text is null or x.room = $4) and exists (
    select 1 from chat_members c where c.tenant = x.tenant and c.room = x.room and c.user_id = $2)),
page as (
  select * from found where $5::float8 is null or (rank, id) < ($5, $6) order by rank desc, id desc limit $7)
${selectMessages(
  `, page.rank, ts_headline('simple', ${CONTENT}, ${ASKED}, '${HEADLINE}') as headline`,
  'page join messages m using (tenant, id)',
)} order by page.rank desc, m.id desc`;

type FoundRow = MessageRow & { rank: number; headline: string };

const place = z.tuple([z.number(), id]);

export function createSearch({ dataSource }: { dataSource: DataSource }): Search {
  return async ({ tenant, userId }, { q, room, limit, cursor }) => {
    if (room !== undefined && !(await mayEnter(dataSource, { tenant, userId, room }))) {
      throw new RoomcastError('not_found');
    }
    const [rank = null, id = null] = cursor === undefined ? [] : readCursor(cursor);
    const rows = await query<FoundRow>(dataSource, SEARCH, [tenant, userId, q, room ?? null, rank, id, limit + 1]);
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      items: page.map((row) => ({ message: messageOf(row), highlight: toHtml(row.headline), rank: row.rank })),
      next_cursor: rows.length > limit && last ? writeCursor([last.rank, last.id]) : null,
    };
  };
}

async function mayEnter(
  dataSource: DataSource,
  of: { tenant: string; userId: string; room: string },
): Promise<boolean> {
  if (!isChatRoomName(of.room)) return false;
  const sql = 'select 1 from chat_members where tenant = $1 and room = $2 and user_id = $3';
  return (await query(dataSource, sql, [of.tenant, of.room, of.userId])).length === 1;
}

const HTML: Readonly<Record<string, string>> = {
  [BEGIN]: '<mark>',
  [END]: '</mark>',
  '\u0004': '&lt;',
  '\u0005': '&gt;',
  '\u0006': '&amp;',
  '"': '&quot;',
  "'": '&#39;',
};

function toHtml(headline: string): string {
  return headline.replace(/[\p{Cc}"']/gu, (character) => HTML[character] ?? character);
}

function writeCursor(at: z.output<typeof place>): string {
  return Buffer.from(JSON.stringify(at)).toString('base64url');
}

function readCursor(cursor: string): z.output<typeof place> {
  try {
    return place.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    throw badField('cursor', 'takes the next_cursor of the page before');
  }
}
