// A person's screen: a plain client in one room that shows answers while they are made, as the documentation tells it to,
// and notices whatever a person would: text that changes or vanishes, an answer that differs from what was streamed.
import { openSocket, type Ack, type Heard } from './plain-client.js';

/** An answer as it stands on the screen. */
export interface Shown {
  text: string;
  attempt: number;
  /** Pieces that came. */
  pieces: number;
  /** The place of the first piece. */
  firstAt: number;
  /** The message that it ended as. */
  message: Record<string, unknown> | null;
}

export interface AnswerFollower {
  /** By the id of the message. */
  readonly answers: ReadonlyMap<string, Shown>;
  /** What a person would have noticed. */
  readonly complaints: string[];
  /** How often the room was entered. */
  readonly entered: number;
  /** Loses the connection and comes back at once, from its position. */
  reconnect(): void;
  close(): void;
}

export function followAnswers(url: string, token: string, room: string): AnswerFollower {
  const socket = openSocket(url, { token });
  const answers = new Map<string, Shown>();
  const complaints: string[] = [];
  let position: { offset?: number; epoch?: string; last_id?: string } = {};
  let entered = 0;

  function takePiece({ message_id, attempt, at, text }: Record<string, unknown>): void {
    const id = String(message_id);
    const known = answers.get(id);
    const shown = known ?? { text: '', attempt: 0, pieces: 0, firstAt: Number(at), message: null };
    if (shown.message) complaints.push(`${id}: a piece after the message`);
    const before = shown.attempt === attempt ? shown.text : '';
    if (Number(at) > before.length) complaints.push(`${id}: a hole before ${String(at)}`);
    const now = before.slice(0, Number(at)) + String(text);
    if (!now.startsWith(before)) complaints.push(`${id}: "${before}" became "${now}"`);
    if (now === '') complaints.push(`${id}: an empty piece`);
    answers.set(id, { ...shown, text: now, attempt: Number(attempt), pieces: shown.pieces + 1 });
  }

  function takeMessage(message: Record<string, unknown>): void {
    if (message.role !== 'agent') return;
    const id = String(message.id);
    const shown = answers.get(id) ?? { text: '', attempt: 0, pieces: 0, firstAt: 0, message: null };
    if (shown.message) complaints.push(`${id}: its message came twice`);
    if (!String(message.content).startsWith(shown.text)) complaints.push(`${id}: the message is not what was streamed`);
    answers.set(id, { ...shown, message });
  }

  socket.on('connect', () => {
    socket.emit('subscribe', { room, ...position }, (ack: Ack) => {
      if (ack.status !== 'success') complaints.push(JSON.stringify(ack));
      if (ack.recovered === false) complaints.push('events may be missing');
      const { offset, epoch, last_id } = ack as typeof position;
      position = { offset, epoch, last_id };
      entered++;
    });
  });
  socket.onAny((event: string, { offset, id, data, stream }: Heard) => {
    if (stream === room && offset !== undefined) position = { ...position, offset, last_id: id };
    if (event === 'message.delta') takePiece(data);
    if (event === 'message.created') takeMessage(data.message as Record<string, unknown>);
  });

  return {
    answers,
    complaints,
    get entered() {
      return entered;
    },
    reconnect() {
      socket.disconnect();
      socket.connect();
    },
    close: () => void socket.disconnect(),
  };
}
