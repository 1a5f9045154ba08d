// A way to a server that can be cut and mended: whoever goes it loses the connection without a word, as with a cable.
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface Way {
  readonly port: number;
  /** Ends all connections at once; new ones are refused until `mend`. */
  cut(): void;
  /** Nothing goes through any more, in no direction, and nobody is told. */
  stall(): void;
  mend(): void;
  close(): Promise<void>;
}

export async function openWay(target: { host: string; port: number }): Promise<Way> {
  const sockets = new Set<Socket>();
  let open = true;
  let stalled = false;
  const hold = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const door: Server = createServer((near) => {
    if (!open) return void near.resetAndDestroy();
    if (stalled) {
      hold(near);
      return;
    }
    const far = connect(target);
    for (const [one, other] of [[near, far] as const, [far, near] as const]) {
      hold(one);
      one.on('close', () => other.destroy());
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    open = false;
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (door.address() as AddressInfo).port,
    cut,
    stall() {
      stalled = true;
      for (const socket of sockets) socket.unpipe();
    },
    mend() {
      // What was held up is not let through late.
      if (stalled) for (const socket of sockets) socket.destroy();
      open = true;
      stalled = false;
    },
    async close() {
      cut();
      await new Promise((resolve) => door.close(resolve));
    },
  };
}
