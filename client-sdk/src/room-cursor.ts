// Decides what each room is handed and from where it goes on: over pages, reconnects, rooms entered later, breaks of
// continuity. Each logged event of a room is handed to it once and in order, or a reset says that this cannot be
// proven. It knows no socket and no timer: the server's messages come in, steps go out, and a position moves before the
// step that hands the event over.
import type { ConnectionEvents, Envelope, SubscribeItem } from '@roomcast/protocol';
import { fromWire, RoomcastError } from './roomcast-error.js';
import { askFor, disconnect, lose, newEntry, type RoomEntry } from './room-entry.js';
import { covers, further, isLogged, mergeByOffset, positionIn, positionOf } from './stream-position.js';
import type { Logged, StreamPosition } from './stream-position.js';
import { Stream, type Hold } from './stream.js';
import type { Entered, ReadPage, SubscribeResult } from './wire.js';

/** Most rooms that one `subscribe_many` takes. */
const ROOMS_AT_ONCE = 100;

/** A room that an event is handed to, and how far it had been handed over before. */
export interface Handed {
  readonly room: string;
  readonly before: StreamPosition | null;
}

export type Step =
  | { readonly type: 'event'; readonly envelope: Envelope; readonly rooms: readonly Handed[] }
  /** The room was entered, and has been handed all that it had before. */
  | { readonly type: 'joined'; readonly room: string; readonly recovered: boolean }
  /** The room was left: it may not be entered, or not any more. */
  | { readonly type: 'refused'; readonly room: string; readonly error: RoomcastError }
  /** Events of these rooms may be missing. Their stream is held until `release`. */
  | { readonly type: 'reset'; readonly rooms: readonly string[]; readonly reason: string; readonly hold: Hold }
  /** What the room had after its position must be read, page by page; its stream is held meanwhile. */
  | { readonly type: 'read'; readonly room: string; readonly hold: Hold };

/** A `subscribe_many`, and the rooms that it is for. */
export interface Ask {
  readonly items: readonly SubscribeItem[];
  readonly entries: readonly RoomEntry[];
}

export interface RoomWish {
  /** Hand over what came after it. */
  readonly position?: StreamPosition;
  /** Hand over the current value of every key first. */
  readonly state?: boolean;
}

interface Answer {
  readonly entry: RoomEntry;
  readonly result: Entered;
}

// Names with # are made short in the browser file.
export class RoomCursor {
  readonly #take: (step: Step) => void;
  readonly #entries = new Map<string, RoomEntry>();
  readonly #streams = new Map<string, Stream>();
  readonly #leaving = new Set<string>();
  /** Nothing has been asked for on this connection. */
  #first = true;

  /** @param take is handed each step when it is due, and may call back */
  constructor(take: (step: Step) => void) {
    this.#take = take;
  }

  /** Wants a room; with a wish for what it should be handed, a room that is wanted already begins anew. */
  want(room: string, { position, state }: RoomWish): void {
    const entry = this.#entries.get(room);
    if (entry && !position && !state) {
      if (entry.phase === 'joined') this.#announce(entry);
      return;
    }
    const start = position ? positionIn(position) : this.position(room);
    this.drop(room);
    const begun = newEntry(room, state ?? entry?.values ?? false, start);
    if (!position && entry?.lost) lose(begun, entry.lost);
    this.#entries.set(room, begun);
  }

  drop(room: string): void {
    const entry = this.#entries.get(room);
    if (entry) this.#remove(entry, entry.phase === 'joined' || entry.phase === 'reading');
  }

  /** How far the room has been handed over; null: nothing is known yet. */
  position(room: string): StreamPosition | null {
    const entry = this.#entries.get(room);
    return (entry?.phase === 'joined' ? entry.stream?.position : entry?.start) ?? null;
  }

  connected(): void {
    this.#first = true;
  }

  disconnected(): void {
    for (const stream of this.#streams.values()) stream.forgetWaiting();
    for (const entry of this.#entries.values()) disconnect(entry);
    for (const stream of this.#streams.values()) {
      stream.position = null;
      this.#forgetUnused(stream);
    }
    this.#leaving.clear();
  }

  /** The rooms to unsubscribe from, before anything is asked for. */
  takeLeaving(): string[] {
    const rooms = [...this.#leaving];
    this.#leaving.clear();
    return rooms;
  }

  /**
   * The next `subscribe_many`, if there is something to ask for; one at a time.
   * A room is asked for with its position only where no room of its stream can be joined yet: in the first ask of a
   * connection, and in those for its further pages. Rooms entered later join now, and read what they had before: rows
   * that a connection has had through another room would be left out of a late catch-up.
   */
  ask(): Ask | null {
    const due = [...this.#entries.values()].filter((entry) => entry.phase === 'waiting');
    const entries = due.slice(0, ROOMS_AT_ONCE);
    if (entries.length === 0) return null;
    const items = entries.map((entry) => askFor(entry, this.#first));
    this.#first = false;
    return { entries, items };
  }

  /**
   * The ask was turned down as a whole: nothing was entered.
   * @returns whether the rooms are to be asked for later
   */
  failed({ entries }: Ask, error: RoomcastError): boolean {
    for (const entry of entries) {
      if (error.retryable) entry.phase = 'waiting';
      else this.#refuse(entry, error);
    }
    return error.retryable;
  }

  /**
   * @param results one for each item; null where it cannot be read
   * @returns whether some rooms are to be asked for later
   */
  answered({ entries }: Ask, results: readonly (SubscribeResult | null)[]): boolean {
    const streams = new Map<string, Answer[]>();
    let later = false;
    entries.forEach((entry, index) => {
      const result = results[index];
      if (result?.status === 'success') {
        streams.set(result.stream, [...(streams.get(result.stream) ?? []), { entry, result }]);
      } else if (result && !result.error.retryable) this.#refuse(entry, fromWire(result.error));
      else {
        entry.phase = 'waiting';
        entry.resuming = false;
        later = true;
      }
    });
    for (const [name, answers] of streams) {
      const stream = this.#streams.get(name) ?? new Stream(name);
      this.#streams.set(name, stream);
      for (const { entry } of answers) entry.stream = stream;
      stream.whenFree(() => this.#enter(stream, answers));
    }
    return later;
  }

  event(envelope: Envelope): void {
    if (!isLogged(envelope)) return this.#hand(envelope, this.#inside(envelope).map(handedTo));
    const stream = this.#streams.get(envelope.stream);
    stream?.whenFree(() => this.#live(stream, envelope));
  }

  reset(notice: ConnectionEvents['room.reset']): void {
    const stream = this.#streams.get(notice.stream);
    stream?.whenFree(() => {
      const entries = [...this.#entries.values()];
      const rooms = entries.filter((entry) => entry.stream === stream && entry.phase === 'joined');
      if (rooms.length === 0) return;
      stream.position = positionIn(notice);
      this.#tellReset(stream.hold(), rooms, notice.reason);
    });
  }

  /** The server has taken the room away. An ask that is on its way is answered by itself. */
  revoked(room: string, reason: string): void {
    const entry = this.#entries.get(room);
    this.#leaving.delete(room);
    const revoke = () => {
      if (entry?.phase !== 'joined' && entry?.phase !== 'reading') return;
      this.#refuse(entry, new RoomcastError('revoked', `${room}: ${reason}`));
    };
    // Its answer has come, and waits for the stream.
    if (entry?.phase === 'asked' && entry.stream?.busy) entry.stream.whenFree(revoke);
    else revoke();
  }

  /**
   * Takes a page of what a room had before it was joined.
   * @returns whether the next one, after the room's position, is needed
   */
  page(room: string, hold: Hold, page: ReadPage): boolean {
    const entry = this.#entries.get(room);
    const end = hold.stream.position;
    if (entry?.hold !== hold || !end) return false;
    if (!page.recovered) {
      this.#pagesLost(entry, hold, page.reason);
      return false;
    }
    const missed = page.events.filter(isLogged).filter(({ offset }) => offset <= end.offset);
    for (const envelope of missed) if (entry.hold === hold) this.#handOver(envelope, page.epoch, [entry]);
    if (entry.hold !== hold) return false;
    if (page.has_more && page.offset < end.offset) {
      entry.start = further(entry.start, positionIn(page));
      return true;
    }
    entry.phase = 'joined';
    this.#announce(entry);
    this.#endHold(entry);
    return false;
  }

  /** The pages cannot be had. */
  pageFailed(room: string, hold: Hold, error: RoomcastError): void {
    const entry = this.#entries.get(room);
    if (entry?.hold === hold) this.#refuse(entry, error, true);
  }

  /** @param floors where the application has read a room anew, the position of what it has read */
  release(hold: Hold, floors: ReadonlyMap<string, StreamPosition>): void {
    for (const [room, floor] of floors) {
      const entry = this.#entries.get(room);
      if (entry) entry.floor = floor;
    }
    hold.stream.release(hold);
    this.#forgetUnused(hold.stream);
  }

  #enter(stream: Stream, all: readonly Answer[]): void {
    for (const { entry, result } of all) if (!result.has_more) this.#leaveUnwanted(entry);
    const answers = all.filter(({ entry }) => this.#isCurrent(entry));
    markLost(answers);
    for (const answer of answers) if (answer.entry.lost === null) this.#handValues(answer);
    const given = answers.filter(({ entry }) => entry.lost === null);
    const lists = given.map(({ entry, result }) => ({ room: entry, events: result.events ?? [] }));
    const [first] = answers;
    for (const { envelope, rooms } of mergeByOffset(lists)) this.#handOver(envelope, first?.result.epoch ?? '', rooms);
    if (first?.result.has_more) answers.forEach(awaitPage);
    else
      this.#join(
        stream,
        answers.filter(({ entry }) => this.#isCurrent(entry)),
      );
    this.#forgetUnused(stream);
  }

  /** It was given up on its way in; whoever wants the room anew has not asked for it yet. */
  #leaveUnwanted(entry: RoomEntry): void {
    const current = this.#entries.get(entry.room);
    if (!current || (current !== entry && current.phase === 'waiting')) this.#leaving.add(entry.room);
  }

  #join(stream: Stream, answers: readonly Answer[]): void {
    const [first] = answers;
    if (!first) return;
    const { offset, epoch } = (stream.position = positionIn(first.result));
    for (const { entry } of answers) entry.phase = 'joined';
    for (const { entry } of answers) {
      const { start } = entry;
      if (start && !entry.resuming && !covers(start, offset, epoch)) this.#read(entry, stream);
      else {
        if (start && !entry.resuming) entry.floor = further(entry.floor, start);
        this.#announce(entry);
      }
    }
    if (answers.some(({ entry }) => entry.lost !== null)) stream.next(() => this.#tellLost(stream, answers));
  }

  #tellLost(stream: Stream, answers: readonly Answer[]): void {
    const lost = answers.filter(({ entry }) => entry.lost !== null && this.#isCurrent(entry));
    const reason = lost[0]?.entry.lost;
    if (!reason) return;
    const hold = stream.hold();
    for (const { entry } of lost) entry.lost = null;
    stream.next(() => lost.forEach((answer) => this.#handValues(answer)));
    this.#tellReset(
      hold,
      lost.map(({ entry }) => entry),
      reason,
    );
  }

  #announce(entry: RoomEntry): void {
    if (this.#isCurrent(entry)) this.#take({ type: 'joined', room: entry.room, recovered: entry.lost === null });
  }

  #tellReset(hold: Hold, entries: readonly RoomEntry[], reason: string): void {
    this.#take({ type: 'reset', rooms: entries.map(({ room }) => room), reason, hold });
  }

  #read(entry: RoomEntry, stream: Stream): void {
    if (!this.#isCurrent(entry)) return;
    entry.phase = 'reading';
    entry.hold = stream.hold();
    this.#take({ type: 'read', room: entry.room, hold: entry.hold });
  }

  /** The hold goes on as that of the reset. */
  #pagesLost(entry: RoomEntry, hold: Hold, reason = 'unknown'): void {
    entry.phase = 'joined';
    entry.hold = null;
    this.#take({ type: 'joined', room: entry.room, recovered: false });
    this.#tellReset(hold, [entry], reason);
  }

  #live(stream: Stream, envelope: Logged): void {
    const before = stream.position;
    if (!before || envelope.offset <= before.offset) return;
    const { epoch } = before;
    stream.position = positionOf(envelope, epoch);
    const entries = this.#inside(envelope).filter((entry) => !covers(entry.floor, envelope.offset, epoch));
    this.#hand(
      envelope,
      entries.map(({ room }) => ({ room, before })),
    );
  }

  /** Hands an event of a catch-up to rooms that are not joined yet, and moves each. */
  #handOver(envelope: Logged, epoch: string, entries: readonly RoomEntry[]): void {
    const ahead = entries.filter((entry) => this.#isCurrent(entry) && !covers(entry.start, envelope.offset, epoch));
    const handed = ahead.filter((entry) => !covers(entry.floor, envelope.offset, epoch)).map(handedTo);
    for (const entry of ahead) entry.start = positionOf(envelope, epoch);
    this.#hand(envelope, handed);
  }

  #hand(envelope: Envelope, rooms: readonly Handed[]): void {
    if (rooms.length > 0) this.#take({ type: 'event', envelope, rooms });
  }

  /** Current values come once, with the answer that joins the room. They move no position. */
  #handValues({ entry, result }: Answer): void {
    if (result.has_more) return;
    const upTo = entry.valuesUpTo;
    entry.valuesUpTo = 0;
    for (const envelope of result.state ?? []) {
      const isDue = isLogged(envelope) && envelope.offset <= upTo && this.#isCurrent(entry);
      if (isDue) this.#hand(envelope, [{ room: entry.room, before: null }]);
    }
  }

  #refuse(entry: RoomEntry, error: RoomcastError, leave = false): void {
    if (!this.#isCurrent(entry)) return;
    this.#remove(entry, leave);
    this.#take({ type: 'refused', room: entry.room, error });
  }

  #remove(entry: RoomEntry, leave: boolean): void {
    this.#entries.delete(entry.room);
    if (leave) this.#leaving.add(entry.room);
    this.#endHold(entry);
    if (entry.stream) this.#forgetUnused(entry.stream);
  }

  #forgetUnused(stream: Stream): void {
    const used = [...this.#entries.values()].some((entry) => entry.stream === stream);
    if (!used && !stream.busy) this.#streams.delete(stream.name);
  }

  #endHold(entry: RoomEntry): void {
    const { hold, stream } = entry;
    entry.hold = null;
    if (hold) stream?.release(hold);
  }

  #inside({ rooms }: Envelope): RoomEntry[] {
    return rooms.flatMap((room) => {
      const entry = this.#entries.get(room);
      return entry?.phase === 'joined' ? [entry] : [];
    });
  }

  #isCurrent(entry: RoomEntry): boolean {
    return this.#entries.get(entry.room) === entry;
  }
}

function markLost(answers: readonly Answer[]): void {
  const resumed = answers.filter(({ entry }) => entry.resuming);
  const broken = resumed.find(({ result }) => !result.recovered && result.reason !== 'truncated')?.result.reason;
  for (const { entry, result } of resumed) {
    const reason = broken ?? (result.recovered ? null : (result.reason ?? 'unknown'));
    if (reason !== null) lose(entry, reason);
  }
}

function awaitPage({ entry, result }: Answer): void {
  entry.phase = 'waiting';
  if (entry.resuming) entry.start = further(entry.start, positionIn(result));
}

function handedTo({ room, start }: RoomEntry): Handed {
  return { room, before: start };
}
