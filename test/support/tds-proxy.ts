import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './children.ts';

/** A message of a client to the server (MS-TDS, section 2.2.3.1). */
export interface TdsMessage {
  /** 1: SQL batch, 3: RPC, 6: attention, 14: transaction manager, 16: login, 18: pre-login. */
  type: number;
  /** The payload as Latin-1 without zero bytes, so that UTF-16 text is readable. */
  text: string;
}

export const RPC = 3;
export const ATTENTION = 6;
export const LOGIN = 16;

/**
 * `lose-request`: the connection breaks before the server gets the message; `lose-answer`: the server executes it, and
 * the connection breaks before the client gets the answer; `hang`: the server does not get it, and no answer comes.
 */
export type ProxyAction = 'pass' | 'lose-request' | 'lose-answer' | 'hang';

export interface TdsProxy {
  /** Changes the URL of a database so that it goes through the proxy. */
  through(databaseUrl: string): string;
  /** All messages in order. */
  messages: TdsMessage[];
  /** Bytes that the server has sent. */
  received(): number;
  /** Sets a function that chooses the action for each message before it is forwarded. */
  intercept(decide: (message: TdsMessage) => ProxyAction): void;
  /** Breaks all connections and accepts no more. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  stop(): Promise<void>;
}

/** A proxy between a connection pool and a SQL Server that can drop messages. */
export async function startTdsProxy(serverUrl: string): Promise<TdsProxy> {
  const { hostname, port: serverPort } = new URL(serverUrl);
  const port = await freePort();
  const messages: TdsMessage[] = [];
  const open = new Set<Socket>();
  let received = 0;
  let decide: (message: TdsMessage) => ProxyAction = () => 'pass';
  let server: Server | undefined = await listen();

  function listen(): Promise<Server> {
    const created = createServer(handle);
    return new Promise((resolve) => created.listen(port, '127.0.0.1', () => resolve(created)));
  }

  function handle(client: Socket): void {
    const upstream = connect(Number(serverPort || 1433), hostname);
    const destroy = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on('error', destroy);
      socket.once('close', () => {
        open.delete(socket);
        destroy();
      });
    }
    let losing = false;
    const toServer = createFramer((bytes, message) => {
      if (!message) return void upstream.write(bytes);
      messages.push(message);
      const action = decide(message);
      if (action === 'lose-request') return destroy();
      if (action === 'hang') return;
      losing = action === 'lose-answer';
      upstream.write(bytes);
    });
    // Finds the end of an answer, so that the connection breaks only after the server has finished.
    const fromServer = createFramer((_bytes, message) => {
      if (losing && message) destroy();
    });
    client.on('data', toServer);
    upstream.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (losing) return fromServer(chunk);
      if (client.write(chunk)) return;
      upstream.pause();
      client.once('drain', () => upstream.resume());
    });
  }

  async function cut(): Promise<void> {
    const closed = new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
    server = undefined;
    for (const socket of open) socket.destroy();
    await closed;
  }

  return {
    through(databaseUrl) {
      const url = new URL(databaseUrl);
      url.hostname = '127.0.0.1';
      url.port = String(port);
      return url.href;
    },
    messages,
    received: () => received,
    intercept(next) {
      decide = next;
    },
    cut,
    async restore() {
      server ??= await listen();
    },
    stop: cut,
  };
}

const HEADER = 8;
/** Flag in the status byte of a packet: the last one of its message. */
const END_OF_MESSAGE = 1;

/**
 * Splits a stream of TDS packets into messages. TLS records of an encrypted login are passed on without a message.
 */
function createFramer(
  onMessage: (bytes: Buffer, message: TdsMessage | undefined) => void,
): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  let packets: Buffer[] = [];
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const tls = rest.length > 1 && (rest[0] ?? 0) >= 0x14 && rest[1] === 0x03;
      if (rest.length < HEADER) return;
      const length = tls ? rest.readUInt16BE(3) + 5 : rest.readUInt16BE(2);
      if (rest.length < length) return;
      const packet = rest.subarray(0, length);
      rest = rest.subarray(length);
      if (tls) {
        onMessage(packet, undefined);
        continue;
      }
      packets.push(packet);
      if (((packet[1] ?? 0) & END_OF_MESSAGE) === 0) continue;
      const payload = Buffer.concat(packets.map((one) => one.subarray(HEADER)));
      const text = payload.toString('latin1').replaceAll('\0', '');
      const bytes = Buffer.concat(packets);
      packets = [];
      onMessage(bytes, { type: packet[0] ?? 0, text });
    }
  };
}
