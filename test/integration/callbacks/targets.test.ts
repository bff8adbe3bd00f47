import type { LookupAddress } from 'node:dns';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import {
  type CallbackSender,
  createCallbackSender,
} from '../../../infrastructure/http/callback-sender.ts';
import { type CallbackReceiver, startReceiver } from '../../support/callback-receiver.ts';

const BODY = JSON.stringify({ type: 'x', data: {} });

let receiver: CallbackReceiver;
const senders: CallbackSender[] = [];
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.close());
beforeEach(() => {
  receiver.received.length = 0;
  receiver.answer = (_request, response) => response.writeHead(204).end();
});
afterEach(() => {
  for (const sender of senders.splice(0)) sender.close();
});

/** @param answers of the name server, one after the other */
function sender(answers: string[][] = [], timeoutMs = 10_000) {
  const asked: string[] = [];
  const lookup = ((
    name: string,
    _options: object,
    callback: (error: null, found: LookupAddress[]) => void,
  ) => {
    asked.push(name);
    const addresses = answers.length > 1 ? answers.shift() : answers[0];
    const found: LookupAddress[] = (addresses ?? []).map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    setImmediate(() => callback(null, found));
  }) as never;
  const made = createCallbackSender({ timeoutMs, userAgent: 'test', lookup });
  senders.push(made);
  const send = (url: string, isPrivateAllowed = false) =>
    made.send({ url, isPrivateAllowed, headers: {}, body: BODY });
  return { send, asked };
}
const port = (): string => receiver.host.split(':')[1] ?? '';

it('a name that resolves to a private address is not connected to, unless it is listed as private', async () => {
  const { send } = sender([['127.0.0.1']]);
  const url = `http://receiver.test:${port()}/`;
  await expect(send(url)).rejects.toThrow('resolves to 127.0.0.1, which is not allowed');
  expect(receiver.received).toEqual([]);
  expect(await send(url, true)).toEqual({ status: 204, retryAfter: undefined });
});

it('one private address among public ones forbids the name', async () => {
  const { send } = sender([['93.184.215.14', '127.0.0.1']]);
  await expect(send(`http://receiver.test:${port()}/`)).rejects.toThrow('not allowed');
});

it('a name that is rebound after a first look-up is checked again: there is one look-up for check and connect', async () => {
  const { send, asked } = sender([['127.0.0.1'], ['169.254.169.254']]);
  const url = `http://rebound.test:${port()}/`;
  expect((await send(url, true)).status).toBe(204);
  expect(asked).toHaveLength(1);
  // Another connection: the first one is kept for its receiver, whose address was checked.
  receiver.answer = (_request, response) => response.writeHead(204, { connection: 'close' }).end();
  await send(url, true);
  await expect(send(url, true)).rejects.toThrow('169.254.169.254');
  expect(asked).toHaveLength(2);
});

it.each([
  '127.0.0.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '2130706433',
  '0177.0.0.1',
  '0.0.0.0',
  '127.1',
])('the address http://%s in a URL is checked without a look-up', async (host) => {
  const { send, asked } = sender();
  await expect(send(`http://${host}:${port()}/`)).rejects.toThrow('is not allowed for callbacks');
  expect(asked).toEqual([]);
  expect(receiver.received).toEqual([]);
});

it('a redirect is not followed', async () => {
  receiver.answer = (_request, response) =>
    response.writeHead(307, { location: `${receiver.url}/elsewhere` }).end();
  const { send } = sender();
  expect((await send(receiver.url, true)).status).toBe(307);
  expect(receiver.received).toHaveLength(1);
});

it('an endless answer is cut, and what never answers fails in time', async () => {
  let written = 0;
  receiver.answer = (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      for (;;) {
        if (response.destroyed) return;
        written += 16_384;
        if (!response.write(Buffer.alloc(16_384))) break;
      }
      response.once('drain', more);
    };
    more();
  };
  const { send } = sender();
  expect((await send(receiver.url, true)).status).toBe(200);
  expect(written).toBeLessThan(50_000_000);
  const silent = createTcpServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port: silentPort } = silent.address() as AddressInfo;
  const impatient = sender([], 100);
  await expect(impatient.send(`http://127.0.0.1:${silentPort}/`, true)).rejects.toThrow(
    'it did not answer within 100 ms',
  );
  silent.close();
});

it('an answer with a head that never ends fails', async () => {
  receiver.answer = (_request, response) =>
    response.writeHead(200, { 'x-long': 'x'.repeat(20_000) }).end();
  const { send } = sender();
  await expect(send(receiver.url, true)).rejects.toThrow(/header/i);
});

it('a receiver that has closed an idle connection is called on another one', async () => {
  const { send } = sender();
  for (let at = 0; at < 3; at++) {
    expect((await send(receiver.url, true)).status).toBe(204);
    await receiver.close();
    receiver = await startReceiver(Number(port()));
  }
});
