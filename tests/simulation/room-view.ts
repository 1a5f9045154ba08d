// What a client's application knows of a room: what it was handed, and between which positions it believes to have all.
import type { LogRow } from '../../server/src/events/log-row.js';

/** What a client keeps of a stream. */
export interface Position {
  readonly offset: number;
  readonly epoch: string | undefined;
  readonly last_id: string | undefined;
}

/** All of a room in (from, to] was promised. */
export interface Span {
  readonly from: number;
  readonly epoch: string | undefined;
  to: number | null;
}

export class RoomView {
  /** The application wants to be in the room. */
  wanted = false;
  /** The present connection is in it. */
  joined = false;
  /** The right to it was taken away, and the client knows. */
  revoked = false;
  /** An answer is awaited. */
  waiting = false;
  /** The newest request that asked for it, and the position that it gave. */
  request = 0;
  given: Position | undefined;
  readonly seen: LogRow[] = [];
  readonly spans: Span[] = [];
  span: Span | null = null;

  /** The server has answered for the present span. */
  private confirmed = false;

  get isConfirmed(): boolean {
    return this.confirmed;
  }

  want(): void {
    Object.assign(this, { wanted: true, joined: false, revoked: false, waiting: false });
    this.confirmed = false;
    this.span = null;
  }

  /** A request is sent. A room that was not confirmed yet is promised from this position only. */
  ask(request: number, position: Position | undefined): void {
    Object.assign(this, { request, waiting: true, given: position });
    if (this.confirmed) return;
    if (position) this.begin(position);
    else this.end(undefined);
  }

  confirm(position: Position): void {
    if (!this.given && !this.span) this.begin(position);
    this.confirmed = true;
  }

  begin({ offset, epoch }: Position): void {
    this.end(undefined);
    this.span = { from: offset, epoch, to: null };
    this.spans.push(this.span);
  }

  /** Nothing more is promised than up to here. */
  end(position: Position | undefined): void {
    const { span } = this;
    if (!span) return;
    this.span = null;
    if (!this.confirmed) this.spans.pop();
    else span.to = position && position.epoch === span.epoch ? position.offset : span.from;
  }

  /** The application was told that continuity is broken, and has read everything anew. */
  restart(held: Position | undefined, position: Position): void {
    if (!this.span) return;
    this.confirmed = true;
    this.end(held);
    this.begin(position);
  }

  leave(position: Position | undefined, revoked: boolean): void {
    this.end(position);
    Object.assign(this, { wanted: false, joined: false, waiting: false, revoked });
    this.confirmed = false;
  }

  disconnect(): void {
    this.joined = this.waiting = false;
  }
}
