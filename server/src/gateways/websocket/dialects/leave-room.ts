// Leaving without an answer: who is not in the room has left it.
import { commands, RoomcastError } from '@roomcast/protocol';
import type { Talk } from './dialect.js';

export async function leaveRoom({ ask }: Pick<Talk<unknown>, 'ask'>, room: string): Promise<void> {
  try {
    await ask(commands.unsubscribe, { room });
  } catch (error) {
    if (!(error instanceof RoomcastError && error.code === 'not_found')) throw error;
  }
}
