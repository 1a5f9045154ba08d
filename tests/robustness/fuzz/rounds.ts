// One round of a fuzz test: one style of sending, on connections of its own. Each checks what it is answered.
import { commands, errorTable, wireError, type CommandName } from '@roomcast/protocol';
import { connectRaw, openRawSocketIo, type Ack, type RawSocketIo } from '../../support/raw-socketio.js';
import type { RawFrame } from '../../support/raw-websocket.js';
import { testToken } from '../../support/tokens.js';
import { command } from './commands.js';
import type { Input } from './input.js';
import { fuzzRequest } from './requests.js';

export interface Target {
  url: string;
  tenant: string;
}

/** @returns how many frames or requests were sent. @throws Error that tells what was answered as it must not be */
export type Round = (input: Input, target: Target) => Promise<number>;

const ROLES = [[], ['publisher'], ['publisher'], ['admin']];
/** Codes that tell of a fault of the server. */
const FAULTS = ['internal', 'unavailable'];
const ANSWER_MS = 60_000;

const tokenOf = ({ random }: Input, tenant: string) => testToken({ user: 'fuzz', tenant, roles: random.pick(ROLES) });

/** Mutated commands, each of which must be answered as its definition says. */
const commandRound: Round = async (input, { url, tenant }) => {
  const connection = await connectRaw(url, tokenOf(input, tenant), input.random.pick(['/', '/ws'] as const));
  const count = 50 + input.random.below(200);
  const asked = Array.from({ length: count }, async () => {
    const { name, args } = command(input, tenant);
    checkAck(name, args, await withinTime(connection.ask(name, ...args)));
  });
  try {
    await Promise.all(asked);
    checkTold(connection);
  } finally {
    connection.close();
    await Promise.allSettled(asked);
  }
  return count;
};

/** Packets with characters changed, on one connection after the other. */
const textRound: Round = (input, { url, tenant }) =>
  onConnections(input, url, tokenOf(input, tenant), 30 + input.random.below(60), ({ wire }) => {
    const { name, args } = command(input, tenant);
    wire.send(input.damaged(`42${input.random.below(1_000)}${JSON.stringify([name, ...args])}`));
  });

/** Frames that no library would send. */
const frameRound: Round = (input, { url, tenant }) =>
  onConnections(input, url, tokenOf(input, tenant), 10 + input.random.below(20), ({ wire }) => {
    if (input.random.chance(0.2)) wire.write(input.bytes());
    else wire.sendFrame(frameOf(input));
  });

function frameOf(input: Input): RawFrame {
  const { random } = input;
  const place = '{"_placeholder":true,"num":0}';
  const payload = random.chance(0.5)
    ? input.bytes()
    : input.damaged(
        random.pick([`451-["subscribe",{"room":${place}}]`, `452-["a",${place}]`, '40', '2', '3', '41', '4']),
      );
  return {
    payload,
    opcode: random.chance(0.7) ? random.pick([1, 2]) : random.below(16),
    final: random.chance(0.9),
    masked: random.chance(0.95),
  };
}

/** Bodies of polls. */
const pollRound: Round = async (input, { url, tenant }) => {
  const poll = async (query: string, body?: string | Buffer) => {
    const at = `${url}/socket.io/?EIO=4&transport=polling${query}`;
    const response = await fetch(at, body === undefined ? {} : { method: 'POST', body });
    if (response.status >= 500) throw new Error(`a poll was answered with ${response.status}`);
    return response.text();
  };
  const count = 5 + input.random.below(5);
  for (let sent = 0; sent < count; sent++) {
    const { sid } = JSON.parse((await poll('')).slice(1)) as { sid: string };
    await poll(`&sid=${sid}`, `40${JSON.stringify({ token: tokenOf(input, tenant) })}`);
    const { name, args } = command(input, tenant);
    const packet = `42${input.random.below(100)}${JSON.stringify([name, ...args])}`;
    await poll(`&sid=${sid}`, input.random.chance(0.2) ? input.bytes() : input.damaged(`${packet}\u001e${packet}`));
    await poll(`&sid=${sid}`, '1');
  }
  return count;
};

/** Requests to the API and the webhook. */
const requestRound: Round = async (input, { url, tenant }) => {
  const token = tokenOf(input, tenant);
  const count = 20 + input.random.below(30);
  for (let sent = 0; sent < count; sent++) {
    const { path, ...request } = fuzzRequest(input, token);
    const response = await fetch(url + path, request);
    const text = await response.text();
    if (response.status < 400) continue;
    const { code } = JSON.parse(text) as { code: keyof typeof errorTable };
    if (FAULTS.includes(code) || errorTable[code].status !== response.status) {
      throw new Error(`${path} ${JSON.stringify(request)} was answered with ${response.status} ${text}`);
    }
  }
  return count;
};

/** What a round does, by how often. */
export const rounds: readonly Round[] = [
  ...Array<Round>(6).fill(commandRound),
  ...Array<Round>(3).fill(textRound),
  frameRound,
  pollRound,
  ...Array<Round>(2).fill(requestRound),
];

/** Sends so many times, each time on a connection that still lives. */
async function onConnections(
  { random }: Input,
  url: string,
  token: string,
  count: number,
  send: (connection: RawSocketIo) => void,
): Promise<number> {
  let connection = await openRawSocketIo(url, { auth: { token } });
  for (let sent = 0; sent < count; sent++) {
    send(connection);
    // Mostly it has to be seen what the frame did before the next one is sent.
    if (random.chance(0.8)) await Promise.race([connection.wire.end, connection.ask('debug:rooms').catch(() => null)]);
    checkTold(connection);
    if (!connection.wire.ended) continue;
    connection = await openRawSocketIo(url, { auth: { token } });
  }
  connection.close();
  return count;
}

function checkAck(name: string, args: unknown[], { status, ...rest }: Ack): void {
  const asked = () => `${name} ${JSON.stringify(args).slice(0, 2_000)}`;
  if (status === 'error') {
    const { data } = wireError.strict().safeParse(rest.error);
    if (!data || FAULTS.includes(data.code)) throw new Error(`${asked()} was answered with ${JSON.stringify(rest)}`);
    return;
  }
  const isAck = name in commands && commands[name as CommandName].ack.safeParse(rest).success;
  if (status !== 'success' || !isAck)
    throw new Error(`${asked()} was answered with ${JSON.stringify({ status, ...rest })}`);
}

/** What was told without having been asked for may hold no fault of the server either. */
function checkTold({ wire, events }: RawSocketIo): void {
  for (const { name, message } of events) {
    if (name === 'error' && FAULTS.includes(String(message.data.code)))
      throw new Error(`told: ${JSON.stringify(message)}`);
  }
  const fault = wire.received.find((text) => /^4[34].*"code":"(internal|unavailable)"/s.test(text));
  if (fault !== undefined) throw new Error(`told: ${fault}`);
}

async function withinTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
