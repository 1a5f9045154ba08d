// What the tenderer has written before: passages in the database, found by the words of a requirement.
import { readdir, readFile } from 'node:fs/promises';

const TABLE = `
create table if not exists content_library (
  id text primary key,
  title text not null,
  body text not null,
  words tsvector generated always as (
    setweight(to_tsvector('english', title), 'A') || setweight(to_tsvector('english', body), 'B')
  ) stored
);
create index if not exists content_library_words on content_library using gin (words)`;

const INSERT = `
insert into content_library (id, title, body) values ($1, $2, $3)
on conflict (id) do update set title = excluded.title, body = excluded.body`;

// Any of the words will do; passages with more of them, and with rarer places for them, come first.
const MATCH = `
with asked as (select replace(plainto_tsquery('english', $1)::text, '&', '|')::tsquery as query)
select id, title, body, ts_rank_cd(words, query, 32) as rank
from content_library, asked where words @@ query
order by rank desc, id limit $2`;

/**
 * Makes the table, and brings it up to date with the folder library/: one passage a file, its first line the title.
 * @param {import('typeorm').DataSource} dataSource
 */
export async function fillLibrary(dataSource) {
  for (const statement of TABLE.split(';')) await dataSource.query(statement);
  const folder = new URL('library/', import.meta.url);
  for (const file of (await readdir(folder)).sort()) {
    const [title, ...lines] = (await readFile(new URL(file, folder), 'utf8')).split('\n');
    await dataSource.query(INSERT, [file.replace(/\.md$/, ''), title.replace(/^# /, ''), lines.join(' ').trim()]);
  }
}

/**
 * @param {import('typeorm').DataSource} dataSource
 * @param {string} text
 * @param {number} limit
 * @returns {Promise<{ id: string, title: string, body: string, rank: number }[]>} best first; rank is from 0 to 1
 */
export async function passagesFor(dataSource, text, limit = 2) {
  return dataSource.query(MATCH, [text, limit]);
}
