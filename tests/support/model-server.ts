// A server that speaks OpenAI's chat completions as far as agents use them: streams of words and one JSON answer. A test
// says what each request gets, word by word if need be, and sees what came and whether the connection is still open.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What a request to the model says. */
export interface ModelBody {
  model: string;
  messages: { role: string; content: string }[];
  stream?: boolean;
  response_format?: object;
  [more: string]: unknown;
}

/** One request to the model, to be answered. */
export interface ModelRequest {
  readonly body: ModelBody;
  readonly authorization: string | undefined;
  /** The last thing said. */
  readonly question: string;
  /** The connection has ended, whoever ended it. */
  readonly closed: boolean;
  /** More of the answer's text. */
  say(text: string): void;
  /** The answer is complete. */
  finish(reason?: 'stop' | 'length' | 'content_filter'): void;
  /** The whole answer, one word after the other. */
  answer(text: string, options?: { everyMs?: number }): Promise<void>;
  /** The answer as one JSON document, for requests that want no stream. */
  json(content: string): void;
  /** Bytes as they are. */
  raw(text: string): void;
  /** Ends the answer as if it were complete, without saying so. */
  end(): void;
  /** Refuses. */
  refuse(status: number, headers?: Record<string, string>): void;
  /** The connection breaks. */
  drop(): void;
}

export interface ModelServer {
  /** For `AI_BASE_URL`. */
  readonly url: string;
  /** All requests, in order. */
  readonly requests: ModelRequest[];
  /** Those that wait for more. */
  open(): ModelRequest[];
  /** What a request gets; it is kept for all that follow. */
  onRequest: (request: ModelRequest) => void | Promise<void>;
  /** Nobody listens there any more; connections are broken. */
  close(): Promise<void>;
}

/** The settings that point a server here. */
export function modelSettings({ url }: ModelServer): Record<string, string> {
  return { AI_BASE_URL: url, AI_API_KEY: 'sk-of-the-tests', AI_MODEL: 'stub' };
}

/** Starts one; until told otherwise it answers `You said: …`. */
export async function startModelServer(): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const http: Server = createServer((incoming, response) => void take(incoming, response));
  const model: ModelServer = {
    get url() {
      return `http://127.0.0.1:${String((http.address() as AddressInfo).port)}/v1`;
    },
    requests,
    open: () => requests.filter(({ closed }) => !closed),
    onRequest: (request) => request.answer(`You said: ${request.question}`),
    async close() {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };

  async function take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const part of incoming.setEncoding('utf8')) text += String(part);
    if (incoming.url !== '/v1/chat/completions') return void response.writeHead(404).end();
    const request = modelRequest(JSON.parse(text) as ModelBody, incoming, response);
    requests.push(request);
    await model.onRequest(request);
  }

  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return model;
}

function modelRequest(body: ModelBody, incoming: IncomingMessage, response: ServerResponse): ModelRequest {
  let closed = false;
  response.once('close', () => (closed = true));
  const write = (text: string) => {
    if (closed) return;
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text);
  };
  const request: ModelRequest = {
    body,
    authorization: incoming.headers.authorization,
    question: body.messages.at(-1)?.content ?? '',
    get closed() {
      return closed;
    },
    say: (text) => write(chunk({ content: text }, null)),
    finish(reason = 'stop') {
      write(`${chunk({}, reason)}data: [DONE]\n\n`);
      response.end();
    },
    async answer(text, { everyMs = 0 } = {}) {
      for (const word of text.match(/\S+\s*|\s+/g) ?? []) {
        if (closed) return;
        request.say(word);
        if (everyMs > 0) await pause(everyMs);
      }
      request.finish();
    },
    json(content) {
      const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' };
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...HEAD, object: 'chat.completion', choices: [choice], usage }));
    },
    raw: write,
    end: () => response.end(),
    refuse(status, headers = {}) {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify({ error: { message: 'refused, and not to be shown to people', type: 'test' } }));
    },
    drop: () => incoming.socket.destroy(),
  };
  return request;
}

const HEAD = { id: 'chatcmpl-test', created: 1_767_225_600, model: 'stub' };

function chunk(delta: object, reason: string | null): string {
  const choices = [{ index: 0, delta, finish_reason: reason }];
  return `data: ${JSON.stringify({ ...HEAD, object: 'chat.completion.chunk', choices })}\n\n`;
}
