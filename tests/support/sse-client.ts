// A reader of server-sent events, over fetch: it parses the stream as the standard says and keeps the last event id, as
// an EventSource does. It comes back only when it is told.
import { eventually } from './eventually.js';
import type { Heard } from './plain-client.js';

export interface SseOptions {
  rooms: readonly string[];
  token?: string;
  /** As `Authorization: Bearer` instead of `?token=`. */
  inHeader?: boolean;
  after?: string;
  lastEventId?: string;
}

export interface SseClient {
  readonly status: number;
  readonly headers: Headers;
  /** Of an answer that is no stream. */
  problem(): Promise<Record<string, unknown>>;
  /** All events that came, in order. */
  readonly heard: Heard[];
  /** The logged events among it. */
  facts(): Heard[];
  names(): string[];
  /** Comments that came. */
  readonly comments: number;
  /** The last event id, with which to come back. */
  readonly lastEventId: string;
  /** Whether the server has said that all rooms are joined: with its first comment. */
  readonly settled: boolean;
  /** Whether the server has ended the stream. */
  readonly ended: boolean;
  /** Reads nothing more until `resume`. */
  pause(): void;
  resume(): void;
  close(): void;
}

const open = new Set<SseClient>();

/** Ends all clients of the test file. */
export function closeSseClients(): void {
  for (const client of open) client.close();
}

/** Resolves when the answer begins: then the rooms are joined, or being caught up. */
export async function openSse(url: string, options: SseOptions): Promise<SseClient> {
  const { rooms, token, inHeader = false, after, lastEventId } = options;
  const query = new URLSearchParams({ rooms: rooms.join(',') });
  if (token !== undefined && !inHeader) query.set('token', token);
  if (after !== undefined) query.set('after', after);
  const headers = new Headers({ accept: 'text/event-stream' });
  if (token !== undefined && inHeader) headers.set('authorization', `Bearer ${token}`);
  if (lastEventId !== undefined) headers.set('last-event-id', lastEventId);
  const cancel = new AbortController();
  const response = await fetch(`${url}/api/v1/stream?${query.toString()}`, { headers, signal: cancel.signal });
  const heard: Heard[] = [];
  const parser = createParser((event, data) => heard.push({ ...(JSON.parse(data) as Heard), event }));
  let ended = false;
  let going = Promise.resolve();
  const client: SseClient = {
    status: response.status,
    headers: response.headers,
    problem: async () => (await response.json()) as Record<string, unknown>,
    heard,
    facts: () => heard.filter(({ offset }) => offset !== undefined),
    names: () => heard.map(({ event }) => event),
    get comments() {
      return parser.comments;
    },
    get lastEventId() {
      return parser.lastEventId;
    },
    get settled() {
      return parser.comments > 0;
    },
    get ended() {
      return ended;
    },
    pause() {
      going = new Promise((resolve) => (client.resume = resolve));
    },
    resume() {},
    close() {
      open.delete(client);
      cancel.abort();
    },
  };
  open.add(client);
  if (response.ok) {
    void read(response, parser.take, () => going).then(
      () => (ended = true),
      () => (ended = true),
    );
  }
  return client;
}

/** Opens a stream and waits until it has told where it is. @throws when it is refused */
export async function connectSse(url: string, options: SseOptions): Promise<SseClient> {
  const client = await openSse(url, options);
  if (client.status !== 200) throw new Error(JSON.stringify(await client.problem()));
  await eventually(() => client.lastEventId !== '');
  return client;
}

async function read(response: Response, take: (text: string) => void, going: () => Promise<void>): Promise<void> {
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    await going();
    take(decoder.decode(bytes as Uint8Array, { stream: true }));
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation */
function createParser(dispatch: (event: string, data: string) => void) {
  let rest = '';
  let [event, id] = ['', ''];
  let data: string[] = [];
  const parser = {
    comments: 0,
    lastEventId: '',
    take(text: string) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) takeLine(line);
    },
  };
  function takeLine(line: string): void {
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
    if (line.startsWith(':')) parser.comments++;
    else if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id') id = value;
    if (line !== '') return;
    parser.lastEventId = id;
    if (data.length > 0) dispatch(event || 'message', data.join('\n'));
    event = '';
    data = [];
  }
  return parser;
}
