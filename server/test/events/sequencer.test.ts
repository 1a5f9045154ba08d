import { describe, expect, it } from '@jest/globals';
import type { Tail } from '../../src/events/event-log.js';
import type { LogRow, StreamPosition } from '../../src/events/log-row.js';
import { Sequencer } from '../../src/events/sequencer.js';
import type { Clock } from '../../src/ops/clock.js';

const STREAM = 't/tenant';

function row(offset: number, given: Partial<LogRow> = {}): LogRow {
  return {
    stream: STREAM,
    offset,
    id: `id-${offset}`,
    prev: offset > 1 ? `id-${offset - 1}` : null,
    event: 'push.received',
    version: 1,
    rooms: ['project:42'],
    data: '{}',
    key: null,
    ends: null,
    at: '2026-01-01T00:00:00.000Z',
    ...given,
  };
}

/** A log as a list of rows; reads of it answer at once. */
class Log {
  epoch = 'first';
  low = 1;
  reads = 0;
  away = false;

  constructor(public rows: LogRow[] = []) {}

  grow(to: number): void {
    while (this.rows.length < to) this.rows.push(row(this.rows.length + 1));
  }

  async position(): Promise<StreamPosition> {
    return { offset: this.rows.length, lastId: this.rows.at(-1)?.id ?? null, epoch: this.epoch };
  }

  async tail(_stream: string, cursor: number): Promise<Tail> {
    this.reads++;
    if (this.away) throw new Error('the database is away');
    const { offset, lastId, epoch } = await this.position();
    const rows = this.rows.slice(Math.max(cursor, this.low - 1), cursor + 2);
    return { head: offset, low: this.low, lastId, epoch, idAtCursor: this.rows[cursor - 1]?.id ?? null, rows };
  }

  async endEpoch(epoch: string): Promise<void> {
    if (epoch === this.epoch) this.epoch = `after ${epoch}`;
  }
}

/** A clock whose timers fire when they are told to. */
class Timers implements Clock {
  waiting = new Set<() => void>();
  now = () => 0;
  endOfTurn = (run: () => void) => run();

  after = (_ms: number, run: () => void) => {
    this.waiting.add(run);
    return () => void this.waiting.delete(run);
  };

  fire(): void {
    for (const run of [...this.waiting]) {
      this.waiting.delete(run);
      run();
    }
  }
}

async function active(head = 3, { keptRows }: { keptRows?: number } = {}) {
  const log = new Log();
  log.grow(head);
  const clock = new Timers();
  const said: string[] = [];
  const gate = { open: true };
  const sequencer = new Sequencer({
    stream: STREAM,
    log,
    listen: () => Promise.resolve(),
    clock,
    delivery: {
      deliver: ({ id }) => void said.push(id),
      flush: () => void said.push('flush'),
      reset: (_stream, { offset, epoch }, reason) => void said.push(`${reason}: ${offset} ${epoch}`),
    },
    mayDeliver: () => gate.open,
    failed: (error) => void said.push(String(error)),
    keptRows,
  });
  await sequencer.activate();
  const receive = (...rows: LogRow[]) => rows.forEach((one) => sequencer.receive(one, 'first'));
  return { log, clock, said, gate, sequencer, receive };
}

describe('what a sequencer delivers', () => {
  it.each([
    ['a row that fits', [row(4)], ['id-4']],
    ['rows in their order', [row(5), row(6), row(4)], ['id-4', 'id-5', 'id-6']],
    ['a row once', [row(4), row(4), row(5), row(4)], ['id-4', 'id-5']],
    ['nothing below its cursor', [row(1), row(3)], []],
    ['nothing beyond a hole', [row(4), row(6)], ['id-4']],
    ['nothing that does not follow its last row', [row(4, { prev: 'another' })], []],
  ])('%s', async (_case, rows, delivered) => {
    const { receive, said } = await active();
    receive(...rows);
    expect(said).toEqual(delivered);
  });

  it('takes the rows that came while it was being activated', async () => {
    const log = new Log();
    log.grow(3);
    const said: string[] = [];
    const sequencer: Sequencer = new Sequencer({
      stream: STREAM,
      log,
      clock: new Timers(),
      listen: async () => [3, 4, 5].forEach((offset) => sequencer.receive(row(offset), 'first')),
      delivery: { deliver: ({ id }) => void said.push(id), flush() {}, reset() {} },
      mayDeliver: () => true,
      failed: () => {},
    });
    await sequencer.activate();
    expect(said).toEqual(['id-4', 'id-5']);
  });

  it('delivers nothing after its end', async () => {
    const { sequencer, receive, said } = await active();
    sequencer.end();
    receive(row(4));
    expect(said).toEqual([]);
  });

  it('holds rows while it is not certain which rights were taken away', async () => {
    const { sequencer, gate, receive, said } = await active();
    gate.open = false;
    receive(row(4), row(5));
    expect(said).toEqual([]);
    gate.open = true;
    sequencer.advance();
    expect(said).toEqual(['id-4', 'id-5']);
  });
});

describe('a hole', () => {
  it('is waited for a moment, then read from the log, page after page', async () => {
    const { log, clock, sequencer, receive, said } = await active();
    log.grow(9);
    receive(row(9));
    expect(log.reads).toBe(0);
    clock.fire();
    await sequencer.refresh();
    expect(said).toEqual(['id-4', 'id-5', 'id-6', 'id-7', 'id-8', 'id-9']);
  });

  it('is not read when the missing row comes in time', async () => {
    const { log, clock, receive, said } = await active();
    receive(row(5), row(4));
    clock.fire();
    expect(said).toEqual(['id-4', 'id-5']);
    expect(log.reads).toBe(0);
  });

  it('keeps no more rows waiting than it may: the others are read from the log', async () => {
    const { log, clock, sequencer, receive, said } = await active(3, { keptRows: 2 });
    log.grow(8);
    receive(row(5), row(6), row(7), row(8), row(4));
    expect(said).toEqual(['id-4', 'id-5', 'id-6']);
    clock.fire();
    await sequencer.refresh();
    expect(said).toEqual(['id-4', 'id-5', 'id-6', 'id-7', 'id-8']);
  });

  it('is read once, however many ask', async () => {
    const { log, sequencer, said } = await active();
    log.grow(4);
    await Promise.all([sequencer.refresh(), sequencer.refresh(), sequencer.reach(4, 'first')]);
    expect(said).toEqual(['id-4']);
    expect(log.reads).toBe(1);
  });

  it('is read again after the log could not be read', async () => {
    const { log, sequencer, said } = await active();
    log.grow(4);
    log.away = true;
    await sequencer.refresh();
    expect(said).toEqual(['Error: the database is away']);
    log.away = false;
    await sequencer.refresh();
    expect(said).toEqual(['Error: the database is away', 'id-4']);
  });
});

describe('a break', () => {
  it('is told when a row of another epoch shows one', async () => {
    const { log, sequencer, said } = await active();
    log.epoch = 'second';
    sequencer.receive(row(4), 'second');
    await sequencer.refresh();
    expect(said).toEqual(['flush', 'epoch_changed: 3 second']);
    expect(sequencer.position).toEqual({ offset: 3, lastId: 'id-3', epoch: 'second' });
  });

  it('is told when retention has removed rows that were not delivered', async () => {
    const { log, sequencer, said } = await active();
    log.grow(8);
    log.low = 6;
    await sequencer.refresh();
    expect(said).toEqual(['flush', 'truncated: 8 first']);
  });

  it('is not told when retention has removed what was delivered', async () => {
    const { log, sequencer, said } = await active();
    log.low = 4;
    await sequencer.refresh();
    log.grow(4);
    await sequencer.refresh();
    expect(said).toEqual(['id-4']);
  });

  it.each([
    ['the log is shorter than what was delivered', [row(1), row(2)], 2],
    ['the log has another row at the cursor', [row(1), row(2), row(3, { id: 'other' })], 3],
    [
      'the log has another row at the cursor, and more',
      [row(1), row(2), row(3, { id: 'other' }), row(4, { prev: 'other' })],
      4,
    ],
  ])('begins a new epoch when %s', async (_case, restored, head) => {
    const { log, sequencer, said } = await active();
    log.rows = restored;
    await sequencer.refresh();
    expect(said).toEqual(['flush', `epoch_changed: ${head} after first`]);
  });

  it('begins a new epoch when the log has lost what a page of it showed', async () => {
    const { sequencer, said } = await active();
    await sequencer.reach(5, 'first');
    expect(said).toEqual(['flush', 'epoch_changed: 3 after first']);
  });

  it('is found by a row that names another one before it', async () => {
    const { log, sequencer, receive, said } = await active();
    log.rows = [row(1), row(2), row(3, { id: 'other' }), row(4, { id: 'new', prev: 'other' })];
    receive(row(4, { id: 'new', prev: 'other' }));
    await sequencer.refresh();
    expect(said).toEqual(['flush', 'epoch_changed: 4 after first']);
  });

  it('leaves nothing of before to those who join', async () => {
    const { log, sequencer, receive } = await active();
    receive(row(4), row(6));
    log.rows = [row(1)];
    await sequencer.refresh();
    expect(sequencer.since(1)).toEqual([]);
    expect(sequencer.since(0)).toBeNull();
  });
});

describe('the rows behind the cursor', () => {
  it.each([
    [6, []],
    [5, ['id-6']],
    [4, ['id-5', 'id-6']],
    [3, null],
  ])('after %d', async (offset, ids) => {
    const { sequencer, receive } = await active(3, { keptRows: 2 });
    receive(row(4), row(5), row(6));
    expect(sequencer.since(offset)?.map(({ id }) => id) ?? null).toEqual(ids);
  });
});

describe('who waits for an offset', () => {
  it('goes on when the cursor is there', async () => {
    const { log, sequencer, said } = await active();
    log.grow(5);
    await sequencer.reach(5, 'first');
    expect(said).toEqual(['id-4', 'id-5']);
  });

  it('goes on at once in another epoch, or at an offset that was passed', async () => {
    const { log, sequencer } = await active();
    await sequencer.reach(9, 'another');
    await sequencer.reach(3, 'first');
    expect(log.reads).toBe(0);
  });

  it('goes on when the sequencer ends', async () => {
    const { gate, log, sequencer } = await active();
    gate.open = false;
    log.grow(4);
    const reached = sequencer.reach(4, 'first');
    sequencer.end();
    await reached;
    expect(sequencer.position.offset).toBe(3);
  });
});
