// Somebody with a token who talks to a running server over REST and listens with a plain socket.io-client.
import { connectPlainClient, type PlainClient } from './plain-client.js';
import { testToken, type TokenFor } from './tokens.js';

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

export interface Caller {
  /** The token or key that it comes with. */
  readonly credential: string;
  get(path: string): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown): Promise<Answer>;
  patch(path: string, body?: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  /** Connects and enters the rooms. */
  listen(...rooms: string[]): Promise<PlainClient>;
}

/** @param who for a token, or an API key */
export function callerAt(url: string, who: TokenFor | string): Caller {
  const credential = typeof who === 'string' ? who : testToken(who);
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { status: response.status, headers: response.headers, body: parsed };
  };
  return {
    credential,
    get: (path) => send('GET', path),
    post: (path, body, headers) => send('POST', path, body, headers),
    put: (path, body) => send('PUT', path, body),
    patch: (path, body) => send('PATCH', path, body),
    delete: (path) => send('DELETE', path),
    async listen(...rooms) {
      const client = await connectPlainClient(url, { token: credential });
      for (const room of rooms) await client.subscribe(room);
      return client;
    },
  };
}
