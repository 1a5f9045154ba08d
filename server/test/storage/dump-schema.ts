// The schema of a database as text that is read in reviews and is the same on every version and kind of PostgreSQL.
import type { Query } from '../../src/storage/query.js';

const COLUMNS = `
  select c.relname as table, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
    pg_get_expr(d.adbin, d.adrelid) as fallback
  from pg_attribute a join pg_class c on c.oid = a.attrelid
    left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
  where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
  order by c.relname collate "C", a.attnum`;

// PostgreSQL 18 lists not-null constraints, which earlier versions know as a property of the column only.
const CONSTRAINTS = `
  select c.relname as table, con.conname as name, pg_get_constraintdef(con.oid) as definition
  from pg_constraint con join pg_class c on c.oid = con.conrelid
  where c.relnamespace = 'public'::regnamespace and con.contype <> 'n'
  order by c.relname collate "C", con.contype = 'p' desc, con.conname collate "C"`;

const TABLE_OPTIONS = `
  select relname as table, array_to_string(reloptions, ', ') as options from pg_class
  where relnamespace = 'public'::regnamespace and relkind = 'r' and reloptions is not null`;

const INDEXES = `
  select c.relname as table, pg_get_indexdef(i.indexrelid) as definition
  from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
  where c.relnamespace = 'public'::regnamespace
    and not exists (select from pg_constraint con where con.conindid = i.indexrelid and con.contype in ('p', 'u', 'x'))
  order by c.relname collate "C", x.relname collate "C"`;

const FUNCTIONS = `
  select pg_get_functiondef(p.oid) as definition from pg_proc p
  where p.pronamespace = 'public'::regnamespace order by p.proname collate "C", pg_get_function_identity_arguments(p.oid)`;

const OTHERS = `
  select relkind::text || ' ' || relname as name from pg_class
  where relnamespace = 'public'::regnamespace and relkind not in ('r', 'i', 'S')
  union all select 'trigger ' || tgname from pg_trigger where not tgisinternal
  union all select 'type ' || t.typname from pg_type t
  where t.typnamespace = 'public'::regnamespace and t.typtype in ('e', 'd')
  order by 1`;

interface Column {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly required: boolean;
  readonly fallback: string | null;
}

interface Constraint {
  readonly table: string;
  readonly name: string;
  readonly definition: string;
}

/**
 * @returns all tables, indexes and functions of the public schema
 * @throws Error if there is something of a kind that the dump does not show
 */
export async function dumpSchema(query: Query): Promise<string> {
  const others = await query<{ name: string }>(OTHERS);
  if (others.length > 0) throw new Error(`the dump cannot show: ${others.map(({ name }) => name).join(', ')}`);
  const tables = await dumpTables(query);
  const functions = await query<{ definition: string }>(FUNCTIONS);
  return [...tables, ...functions.map(({ definition }) => `${definition.trim()};\n`)].join('\n');
}

async function dumpTables(query: Query): Promise<string[]> {
  const columns = groupByTable(await query<Column>(COLUMNS));
  const constraints = groupByTable(await query<Constraint>(CONSTRAINTS));
  const indexes = groupByTable(await query<{ table: string; definition: string }>(INDEXES));
  const options = new Map(
    (await query<{ table: string; options: string }>(TABLE_OPTIONS)).map((row) => [row.table, row]),
  );
  return [...columns].map(([table, rows]) => {
    const lines = [
      ...rows.map(describeColumn),
      ...(constraints.get(table) ?? []).map(({ name, definition }) => `constraint ${name} ${definition}`),
    ];
    const settings = options.get(table);
    const end = settings === undefined ? ')' : `) with (${settings.options})`;
    const after = (indexes.get(table) ?? []).map(({ definition }) => `${definition};\n`);
    return `create table ${table} (\n  ${lines.join(',\n  ')}\n${end};\n${after.join('')}`;
  });
}

function describeColumn({ name, type, required, fallback }: Column): string {
  return `"${name}" ${type}${required ? ' not null' : ''}${fallback === null ? '' : ` default ${fallback}`}`;
}

function groupByTable<Row extends { table: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) groups.set(row.table, [...(groups.get(row.table) ?? []), row]);
  return groups;
}
