import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/**
 * Stands before a server and breaks everything off, for good, once that has answered so many bytes on all connections
 * together: a partner that is lost in the middle of a start.
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
