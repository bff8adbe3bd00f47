import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A callback as it arrived. */
export interface Received {
  id: string;
  /** Where it was sent to. */
  url: string;
  headers: Record<string, string>;
  body: string;
  type: string;
  data: Record<string, unknown> & { correlationId: string };
}

export interface CallbackReceiver {
  /** `127.0.0.1:<port>`. */
  host: string;
  url: string;
  /** All requests in the order of their arrival, refused ones too. */
  received: Received[];
  /** How it answers from now on; 204 at first. */
  answer: (request: Received, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** Receives callbacks on this machine. */
export async function startReceiver(port = 0): Promise<CallbackReceiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { type, data } = JSON.parse(body);
      const headers = request.headers as Record<string, string>;
      const id = headers['webhook-id'] ?? '';
      const url = `http://${receiver.host}${request.url}`;
      const one: Received = { id, url, headers, body, type, data };
      received.push(one);
      receiver.answer(one, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const receiver: CallbackReceiver = {
    host,
    url: `http://${host}/hook`,
    received,
    answer: (_request, response) => response.writeHead(204).end(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
