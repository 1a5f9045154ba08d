// Frames of a client, in order. What comes while nobody takes it waits; that is no more than one read of the socket
// brings, as long as the socket is paused meanwhile.
import type { WebSocket } from 'ws';

/** @param binary whether the frame says that it is no text */
type Take = (text: string, binary: boolean) => void;

export interface Inbox {
  /** Hands over what has come and what comes; null: it waits again. */
  handTo(take: Take | null): void;
}

export function openInbox(ws: WebSocket): Inbox {
  const waiting: Parameters<Take>[] = [];
  let take: Take | null = null;
  ws.on('message', (data: Buffer, binary: boolean) => {
    // Who has been told that it is over is not listened to any more.
    if (ws.readyState !== ws.OPEN) return;
    if (take) take(data.toString(), binary);
    else waiting.push([data.toString(), binary]);
  });
  return {
    handTo(taker) {
      take = taker;
      for (let frame; take && (frame = waiting.shift());) take(...frame);
    },
  };
}
