// What the writers know of their events, to be held against what the log says in the end. An event is known by a tag in
// its data; time is a counter that each begin and each answer moves on.
import type { NewRow } from '../../../server/src/events/log-writer.js';

/** Where an event was said to be. */
export interface Place {
  readonly id: string;
  readonly stream: string;
  readonly offset: number;
}

/** `unknown`: the answer was lost with the connection, so the event may be in the log or not. */
type Fate = 'under way' | 'committed' | 'unknown' | 'never';

export interface Entry {
  readonly tag: string;
  readonly row: NewRow;
  fate: Fate;
  /** Nobody may see it before: its transaction is still open. */
  visible: boolean;
  readonly begun: number;
  /** When it was first known to be committed. */
  ended: number;
  place: Place | null;
}

export class Ledger {
  readonly entries = new Map<string, Entry>();
  readonly groups: (readonly string[])[] = [];
  readonly sequences: (readonly string[])[] = [];
  /** How many acknowledgements there were. */
  acknowledged = 0;
  private time = 0;

  /** Rows of one event may be handed over again and again, by several writers at once. */
  begin(rows: readonly NewRow[], visible = true): void {
    this.time++;
    for (const row of rows) {
      const tag = tagOf(row.data);
      const known = this.entries.get(tag);
      if (known) known.visible ||= visible;
      else {
        const entry = { tag, row, fate: 'under way' as const, visible, begun: this.time, ended: Infinity, place: null };
        this.entries.set(tag, entry);
      }
    }
  }

  /** Rows that are all in the log or none of them. */
  together(rows: readonly NewRow[]): void {
    this.groups.push(rows.map((row) => tagOf(row.data)));
  }

  /** Rows that one writer is about to hand over in this order, without waiting between them. */
  inSequence(rows: readonly NewRow[]): void {
    this.sequences.push(rows.map((row) => tagOf(row.data)));
  }

  committed(row: NewRow, place: Place | null): void {
    const entry = this.entry(row);
    if (entry.fate === 'never') throw new Error(`${entry.tag} was refused and committed`);
    this.acknowledged++;
    entry.fate = 'committed';
    entry.ended = Math.min(entry.ended, ++this.time);
    entry.place ??= place;
    const { place: first } = entry;
    if (place && first && (place.id !== first.id || place.offset !== first.offset || place.stream !== first.stream)) {
      throw new Error(`${entry.tag} has two places: ${JSON.stringify([first, place])}`);
    }
  }

  unknown(rows: readonly NewRow[]): void {
    for (const row of rows) if (this.entry(row).fate === 'under way') this.entry(row).fate = 'unknown';
  }

  never(rows: readonly NewRow[]): void {
    for (const row of rows) {
      if (this.entry(row).fate === 'committed') throw new Error(`${tagOf(row.data)} was committed and refused`);
      this.entry(row).fate = 'never';
    }
  }

  /** The transaction is about to commit. */
  show(rows: readonly NewRow[]): void {
    for (const row of rows) this.entry(row).visible = true;
  }

  private entry(row: NewRow): Entry {
    const entry = this.entries.get(tagOf(row.data));
    if (!entry) throw new Error(`${row.data} was not begun`);
    return entry;
  }
}

export function tagOf(data: string): string {
  return (JSON.parse(data) as { tag: string }).tag;
}
