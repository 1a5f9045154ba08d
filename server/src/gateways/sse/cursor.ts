// Where a stream of server-sent events is, in all streams of its rooms, as one short text: an opaque `id:` that proves
// as much as the positions that other clients come back with. A stream is named by a hash of its name, so that a hundred
// of them still fit into a header.
import { createHash } from 'node:crypto';
import type { StreamPosition } from '../../events/log-row.js';

/** First part of a cursor; another form will have another one. */
const FORM = '1';
/** An entry is a hash of the stream's name, the newest event's id, and its offset to base 36. */
const ENTRY = /^([\w-]{8})([\w-]{22})([0-9a-z]{1,11})$/;
const NO_ID = Buffer.alloc(16).toString('base64url');

/** Where a client that came back was in a stream. */
export interface KnownPosition {
  readonly offset: number;
  /** Undefined: the connection ended before it was known. */
  readonly epoch: string | undefined;
  /** Of the event at the offset. */
  readonly lastId: string | undefined;
}

/** @returns the position in a stream, named as on the wire; undefined: the client was in no room of it */
export type PositionOf = (stream: string) => KnownPosition | undefined;

/** @returns null when it is not a cursor that this version knows */
export function readCursor(text: string): PositionOf | null {
  const [form, ...groups] = text.split('~');
  const positions = new Map<string, KnownPosition>();
  for (const [epoch = '', ...entries] of groups.map((group) => group.split('.'))) {
    for (const entry of entries) {
      const [, name = '', id = '', digits = ''] = ENTRY.exec(entry) ?? [];
      const offset = parseInt(digits, 36);
      if (!Number.isSafeInteger(offset)) return null;
      positions.set(name, { offset, epoch: epoch || undefined, lastId: toUuid(id) });
    }
  }
  return form === FORM && positions.size > 0 ? (stream) => positions.get(nameOf(stream)) : null;
}

interface Entry {
  readonly name: string;
  epoch: string;
  text: string;
}

/** The cursor of a live connection. */
export class MovingCursor {
  private readonly entries = new Map<string, Entry>();

  get isEmpty(): boolean {
    return this.entries.size === 0;
  }

  /** All rows of the stream, named as on the wire, have been written up to this place. */
  move(stream: string, { epoch, offset, lastId }: StreamPosition): void {
    const entry = this.entryOf(stream);
    entry.epoch = epoch;
    entry.text = entry.name + (lastId === null ? NO_ID : fromUuid(lastId)) + offset.toString(36);
  }

  /** An event of the stream was written; it is of the epoch that was known before. */
  pass(stream: string, offset: number, lastId: string): void {
    this.move(stream, { epoch: this.entryOf(stream).epoch, offset, lastId });
  }

  toString(): string {
    const groups = new Map<string, string[]>();
    for (const { epoch, text } of this.entries.values()) {
      const group = groups.get(epoch);
      if (group) group.push(text);
      else groups.set(epoch, [epoch, text]);
    }
    return [FORM, ...[...groups.values()].map((group) => group.join('.'))].join('~');
  }

  private entryOf(stream: string): Entry {
    const known = this.entries.get(stream);
    if (known) return known;
    const made = { name: nameOf(stream), epoch: '', text: '' };
    this.entries.set(stream, made);
    return made;
  }
}

const nameOf = (stream: string) => createHash('sha256').update(stream).digest('base64url').slice(0, 8);
const fromUuid = (id: string) => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');

function toUuid(text: string): string | undefined {
  if (text === NO_ID) return undefined;
  return Buffer.from(text, 'base64url')
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
