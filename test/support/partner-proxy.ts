import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface PartnerProxy {
  port: number;
  /** Breaks every connection; from here on nobody listens. */
  cut(): Promise<void>;
  /** Keeps connections open and takes new ones, but carries nothing: a partner that hangs. */
  freeze(): void;
  /** As before the cut or the freeze. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** Stands between a client and a server on this machine, whatever they speak. */
export async function startPartnerProxy(target: {
  host: string;
  port: number;
}): Promise<PartnerProxy> {
  const sockets = new Set<Socket>();
  let frozen = false;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    if (frozen) socket.pause();
  }

  function carry(from: Socket, to: Socket): void {
    from.on('data', (chunk) => void to.write(chunk));
    from.once('end', () => to.end());
    from.once('close', () => to.destroy());
    // The other side is told by the close.
    from.on('error', () => {});
  }

  function listen(port: number): Promise<Server> {
    const server = createServer((client) => {
      const partner = connect(target);
      carry(client, partner);
      carry(partner, client);
      keep(client);
      keep(partner);
    });
    return new Promise((resolve) => server.listen(port, '127.0.0.1', () => resolve(server)));
  }

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  let server = await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    cut: close,
    freeze() {
      frozen = true;
      for (const socket of sockets) socket.pause();
    },
    async heal() {
      frozen = false;
      for (const socket of sockets) socket.resume();
      if (!server.listening) server = await listen(port);
    },
    stop: close,
  };
}
