import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Breaks every connection and accepts no more. */
  cut(): Promise<void>;
  /** Keeps connections open and accepts new ones, but forwards nothing, like a server that hangs. */
  hang(): void;
  /** Drops all bytes and closes no connection, like a network that drops packets. */
  swallow(): void;
  /** Works again; connections whose bytes were dropped stay dead. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** One connection: its two sockets, and whether bytes were dropped. */
interface Line {
  sockets: Socket[];
  dead: boolean;
}

/** A TCP proxy between a client and a server. */
export async function startTcpProxy(target: { host?: string; port: number }): Promise<TcpProxy> {
  const lines = new Set<Line>();
  let state: 'open' | 'hanging' | 'swallowing' = 'open';

  function forward(line: Line, from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (!line.dead) to.write(chunk);
    });
    from.once('end', () => {
      if (!line.dead) to.end();
    });
    from.once('close', () => {
      if (line.dead) return;
      to.destroy();
      lines.delete(line);
    });
    // The close event destroys the other socket.
    from.on('error', () => {});
    if (state === 'hanging') from.pause();
  }

  function listen(port: number): Promise<Server> {
    const server = createServer((client) => {
      const partner = connect({ host: '127.0.0.1', ...target });
      const line = { sockets: [client, partner], dead: state === 'swallowing' };
      lines.add(line);
      forward(line, client, partner);
      forward(line, partner, client);
    });
    return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
  }

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const { sockets } of lines) for (const socket of sockets) socket.destroy();
    lines.clear();
    await closed;
  }

  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    cut: close,
    hang() {
      state = 'hanging';
      for (const { sockets } of lines) for (const socket of sockets) socket.pause();
    },
    swallow() {
      state = 'swallowing';
      for (const line of lines) line.dead = true;
    },
    async heal() {
      state = 'open';
      for (const { sockets } of lines) for (const socket of sockets) socket.resume();
      if (!server.listening) server = await listen(port);
    },
    stop: close,
  };
}

/**
 * A proxy that breaks all connections and stops when the server has answered with so many bytes on all connections
 * together: a server that is lost during a start.
 */
export async function startCuttingProxy(
  port: number,
  bytes: number,
): Promise<{ port: number; stop(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let left = bytes;
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  const server = createServer((client) => {
    const partner = connect({ host: '127.0.0.1', port });
    for (const [from, to] of [
      [client, partner],
      [partner, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => {});
      from.once('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      from.on('data', (chunk) => {
        if (from === partner) {
          to.write(chunk.subarray(0, Math.max(0, left)));
          left -= chunk.length;
          if (left <= 0) setImmediate(cut);
        } else to.write(chunk);
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      cut();
    },
  };
}
