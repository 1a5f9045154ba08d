// Tells a room that the user types: at once with the first key, again while they go on, and that they do no longer after
// three seconds without one. It is only ever said over a live connection: a sign of typing that comes late is wrong.
const SILENCE_MS = 3_000;
/** A sign lasts five seconds on the server. */
const AGAIN_MS = 2_500;

export interface OwnTyping {
  /** With every key. */
  key(): void;
  /** What was typed is sent, or given up. */
  end(): void;
  /** The connection is lost, and with it what the room was told. */
  lost(): void;
}

/** @param say tells the server; nothing waits for it */
export function createOwnTyping(say: (command: 'typing.start' | 'typing.stop') => void): OwnTyping {
  /** When it was said last; null: the room does not believe it. */
  let saidAt: number | null = null;
  let silence: ReturnType<typeof setTimeout> | undefined;

  function end(): void {
    clearTimeout(silence);
    if (saidAt !== null) say('typing.stop');
    saidAt = null;
  }

  return {
    key() {
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_MS);
      const now = Date.now();
      if (saidAt !== null && now - saidAt < AGAIN_MS) return;
      saidAt = now;
      say('typing.start');
    },
    end,
    lost() {
      clearTimeout(silence);
      saidAt = null;
    },
  };
}
