// Commands as a client could send them, and as none should.
import { catalogue, commands, type CommandName } from '@roomcast/protocol';
import { testToken } from '../../support/tokens.js';
import type { Input } from './input.js';

export const ROOMS = ['global', 'project:42', 'project:7', 'user:fuzz', 'agent:a', 'workflow:1'];
const NAMES = Object.keys(commands) as CommandName[];

/** An event that the server takes. */
export function goodEvent({ random }: Input): { event: string; data: object; id?: string } {
  const { name, example } = random.pick(catalogue.events);
  return { event: name, data: example, ...(random.chance(0.2) ? { id: `id-${random.below(20)}` } : {}) };
}

/** Below the limit of a frame, whose end would be the end of the connection. */
const FRAME_BYTES = 60_000;

/** A command and what it is sent with. */
export function command(input: Input, tenant: string): { name: string; args: unknown[] } {
  for (;;) {
    const made = anyCommand(input, tenant);
    if (Buffer.byteLength(JSON.stringify(made)) < FRAME_BYTES) return made;
  }
}

function anyCommand(input: Input, tenant: string): { name: string; args: unknown[] } {
  const { random } = input;
  const name = random.pick(NAMES);
  const good = payloadOf(name, input, tenant);
  const payload = random.chance(0.3) ? good : input.mutated(good);
  const args = random.chance(0.95) ? [payload] : Array.from({ length: random.below(4) }, () => input.value());
  return { name: random.chance(0.95) ? name : input.text(), args };
}

function payloadOf(name: CommandName, input: Input, tenant: string): unknown {
  const { random } = input;
  const room = () => random.pick(ROOMS);
  const maybe = (fields: object) => (random.chance(0.3) ? fields : {});
  const item = () => ({
    room: room(),
    ...maybe({ offset: random.below(30) }),
    ...maybe({ limit: 1 + random.below(500) }),
    ...maybe({ replay: random.pick(['emit', 'ack']) }),
    ...maybe({ state: true }),
    ...maybe({ presence: random.chance(0.7) }),
    ...maybe({ epoch: 'other', last_id: 'other' }),
  });
  const chatRoom = () => random.pick(['session:1', 'conversation:1', 'conversation:2']);
  const messageId = () => `message-${random.below(20)}`;
  switch (name) {
    case 'subscribe':
      return item();
    case 'subscribe_many':
      return { rooms: Array.from({ length: 1 + random.below(5) }, item) };
    case 'unsubscribe':
      return { room: room() };
    case 'events.read':
      return { offset: 0, ...item() };
    case 'events.emit':
      return goodEvent(input);
    case 'auth.refresh':
      return { token: testToken({ user: random.pick(['fuzz', 'other']), tenant }) };
    case 'message.send':
      return { room: chatRoom(), content: input.text(), ...maybe({ client_id: `client-${random.below(20)}` }) };
    case 'message.edit':
      return { message_id: messageId(), content: input.text() };
    case 'message.delete':
      return { message_id: messageId() };
    case 'message.react':
      return { message_id: messageId(), emoji: '👍', on: random.chance(0.5) };
    case 'message.history':
      return { room: chatRoom(), ...maybe({ limit: 1 + random.below(200) }) };
    case 'read.mark':
      return { room: chatRoom(), message_id: messageId() };
    case 'session.state':
      return { session_id: '1' };
    case 'signal.send':
      return { to_user_id: 'fuzz', kind: 'call', payload: {} };
    case 'workflow.start':
      return { name: 'analysis', input: { pages: random.below(30) }, ...maybe({ id: `wf-${random.below(20)}` }) };
    case 'workflow.cancel':
    case 'workflow.status':
      return { workflow_id: `wf-${random.below(20)}` };
    case 'agent.cancel':
      return random.chance(0.5) ? { message_id: messageId() } : { client_id: `client-${random.below(20)}` };
    case 'typing.start':
    case 'typing.stop':
      return { room: chatRoom() };
    case 'presence.set':
      return { status: random.pick(['active', 'away', 'dnd']) };
    case 'presence.get':
      return { user_ids: ['fuzz', 'other'] };
    case 'presence.list':
      return { room: room(), ...maybe({ limit: 1 + random.below(200) }), ...maybe({ after: 'fuzz' }) };
    case 'debug:rooms':
      return {};
  }
}
