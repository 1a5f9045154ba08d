/**
 * How column values become JavaScript values, the same on both databases and without touching pg's global settings:
 * bigint is a number (offsets and counts are JSON integers), everything else is what pg makes of it – timestamptz a
 * Date (columns are timestamptz(3), so a Date holds them exactly), jsonb the parsed value, numeric a string.
 */
import pg from 'pg';

const INT8 = 20;
const INT8_ARRAY = 1016;

/** @throws RangeError for a number that JavaScript cannot hold exactly, rather than a wrong offset. */
function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the bigint ${text} is beyond the safe integers`);
  return value;
}

/** Of one dimension: `{1,NULL,3}`. */
function safeIntegers(text: string): Array<number | null> {
  if (text === '{}') return [];
  const items = text.slice(1, -1).split(',');
  return items.map((item) => (item === 'NULL' ? null : safeInteger(item)));
}

/** For the `types` setting of a pg pool or client. */
export const columnParsers: pg.CustomTypesConfig = {
  getTypeParser(type, format): unknown {
    const oid: number = type;
    if (format !== 'binary' && oid === INT8) return safeInteger;
    if (format !== 'binary' && oid === INT8_ARRAY) return safeIntegers;
    return pg.types.getTypeParser(type, format);
  },
};
