import { connect, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** From now on it swallows what comes, on every open connection, and closes none. */
  freeze(): void;
  /** New connections work; those that were frozen stay so. */
  thaw(): void;
  /** Ends every connection. */
  cut(): void;
  stop(): Promise<void>;
}

/** A network that can lose packets without a word: forwards to a port of this machine. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const pairs = new Set<[Socket, Socket]>();
  let frozen = false;
  const server = createServer((near) => {
    sockets.add(near);
    near.on('error', () => {});
    near.once('close', () => sockets.delete(near));
    if (frozen) {
      near.resume();
      return;
    }
    const far = connect(target, '127.0.0.1');
    sockets.add(far);
    far.on('error', () => near.destroy());
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.pipe(far).pipe(near);
    near.once('close', () => far.destroy());
    far.once('close', () => {
      sockets.delete(far);
      if (pairs.delete(pair)) near.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    freeze() {
      frozen = true;
      for (const pair of pairs) {
        const [near, far] = pair;
        near.unpipe(far);
        far.unpipe(near);
        // What arrives is dropped, and the far end's close is not passed on.
        near.resume();
        far.resume();
      }
      pairs.clear();
    },
    thaw() {
      frozen = false;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
