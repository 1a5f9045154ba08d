// What operators watch, in the Prometheus text format at /metrics. Names follow its conventions: base units, _total.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const BATCH_ROWS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

export interface Metrics {
  /** A batch of the log writer was committed. */
  appended(rows: number): void;
  /** A caller's event was committed. */
  emitted(seconds: number): void;
  /** Events were written to members. @param seconds from the commit of the first of them */
  delivered(events: number, seconds: number): void;
  /** A page of a catch-up was read. */
  paged(rows: number): void;
  /** An agent's answer has ended. @param how its status */
  answered(how: string): void;
  /** A run of a workflow has ended. @param status completed, failed or cancelled */
  runEnded(name: string, status: string): void;
  /** A connection was refused or ended, or a request refused. */
  dropped(reason: string): void;
  /** The text for Prometheus, with its content type. */
  render(): Promise<{ type: string; text: string }>;
}

interface Deps {
  /** Live connections by gateway. */
  connections: () => number;
  /** Rooms that anybody is in. */
  rooms: () => number;
  /** Answers that agents of this node make just now. */
  answers: () => number;
  /** Names of the workflows that this node executes, with how many runs of each are under way. */
  runs: () => ReadonlyMap<string, number>;
  /** Seconds that the oldest outbox row has been waiting; NaN when nobody can tell. Must not reject. */
  relayLag: () => Promise<number>;
}

export function createMetrics({ connections, rooms, answers, runs, relayLag }: Deps): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number | Promise<number>) =>
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  gauge('roomcast_connections', 'Live connections of this node.', connections);
  gauge('roomcast_rooms', 'Rooms of this node that anybody is in.', rooms);
  gauge('roomcast_answers', 'Answers that agents of this node make just now.', answers);
  gauge('roomcast_relay_lag_seconds', 'Age of the oldest committed event that is not in the log yet.', relayLag);
  new Gauge({
    name: 'roomcast_workflow_runs',
    help: 'Runs that this node executes just now, by workflow.',
    labelNames: ['name'],
    registers,
    collect() {
      for (const [name, running] of runs()) this.set({ name }, running);
    },
  });
  const emits = new Histogram({
    name: 'roomcast_emit_seconds',
    help: 'From the call of emit to the commit.',
    buckets: LATENCY_SECONDS,
    registers,
  });
  const deliveries = new Counter({ name: 'roomcast_deliveries_total', help: 'Events written to members.', registers });
  const delivery = new Histogram({
    name: 'roomcast_delivery_seconds',
    help: 'From the commit of an event to its being written to the members of its rooms.',
    buckets: LATENCY_SECONDS,
    registers,
  });
  const batches = new Histogram({
    name: 'roomcast_append_batch_rows',
    help: 'Events of one commit.',
    buckets: BATCH_ROWS,
    registers,
  });
  const pages = new Histogram({
    name: 'roomcast_catch_up_page_rows',
    help: 'Events of one page of a catch-up.',
    buckets: [0, ...BATCH_ROWS],
    registers,
  });
  const drops = new Counter({
    name: 'roomcast_drops_total',
    help: 'Connections and requests that were refused or ended, by reason.',
    labelNames: ['reason'],
    registers,
  });

  const answered = new Counter({
    name: 'roomcast_answers_total',
    help: 'Answers of agents that have ended, by status.',
    labelNames: ['status'],
    registers,
  });
  const ended = new Counter({
    name: 'roomcast_workflow_runs_total',
    help: 'Runs of workflows whose end was written by this node, by workflow and status.',
    labelNames: ['name', 'status'],
    registers,
  });

  return {
    appended: (rows) => batches.observe(rows),
    emitted: (seconds) => emits.observe(seconds),
    delivered(events, seconds) {
      deliveries.inc(events);
      delivery.observe(Math.max(0, seconds));
    },
    paged: (rows) => pages.observe(rows),
    answered: (status) => answered.inc({ status }),
    runEnded: (name, status) => ended.inc({ name, status }),
    dropped: (reason) => drops.inc({ reason }),
    render: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  };
}
