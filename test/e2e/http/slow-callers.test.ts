import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../../src/config.ts';
import { accessWithKeys } from '../../support/access.ts';
import { until } from '../../support/children.ts';
import { requested, stepCompleted } from '../../support/events.ts';
import { type Parts, type PartsOptions, startParts } from '../../support/service-parts.ts';
import { followEvents } from '../../support/sse.ts';

const DRIPS = 60;
const TIMEOUT_MS = 1_500;

interface Connection {
  socket: Socket;
  text: string;
  closed: boolean;
}

describe('callers who send slowly', () => {
  let parts: Parts;
  const timers: NodeJS.Timeout[] = [];
  const sockets: Socket[] = [];
  afterEach(async () => {
    for (const timer of timers.splice(0)) clearInterval(timer);
    for (const socket of sockets.splice(0)) socket.destroy();
    await parts?.stop();
  });

  async function start(config: Partial<Config> = {}, more: PartsOptions = {}): Promise<void> {
    const limits = { REQUEST_TIMEOUT_MS: TIMEOUT_MS, ...config };
    parts = await startParts(undefined, { config: limits, ...more });
  }

  /** Opens a connection, sends this, and then a byte now and then. */
  function open(text: string, drip = '', localAddress = '127.0.0.1'): Connection {
    const port = Number(new URL(parts.api.url).port);
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    const connection: Connection = { socket, text: '', closed: false };
    sockets.push(socket);
    socket.on('connect', () => {
      socket.write(text);
      if (drip === '') return;
      timers.push(setInterval(() => socket.writable && socket.write(drip), 50));
    });
    socket.on('data', (part) => {
      connection.text += String(part);
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      connection.closed = true;
    });
    return connection;
  }

  const post = (more = '') =>
    `POST /api/process/x/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 900000\r\n${more}\r\n{`;
  const allClosed = (connections: Connection[], what: string) =>
    until(() => connections.every(({ closed }) => closed), what);
  const gone = () => null;
  const statusOf = ({ text }: Connection) => Number(text.split(' ')[1]);

  it('are disconnected within the limit, with 408, while others are served', async () => {
    await start();
    const slow = Array.from({ length: DRIPS }, (_, nth) => {
      const text = [post(), 'GET /api/process HTTP/1.1\r\nX-Slow: ', ''][nth % 3] ?? '';
      return open(text, text === '' ? '' : ' ');
    });
    let served = 0;
    while (!slow.every(({ closed }) => closed)) {
      expect((await parts.api.get('/api/process')).status).toBe(200);
      served++;
    }
    expect(served).toBeGreaterThan(0);
    for (const connection of slow.filter(({ text }) => text !== '')) {
      expect(statusOf(connection)).toBe(408);
      expect(connection.text).toContain('urn:fastify-camunda:problem:request-timeout');
    }
    expect(slow.some(({ text }) => text !== '')).toBe(true);
  });

  it('are disconnected soon after a refusal that did not need their body', async () => {
    const { makeAccess } = accessWithKeys({ admin: ['admin'] });
    // No time limit for the body helps here.
    await start({ REQUEST_TIMEOUT_MS: 600_000 }, { makeAccess, headers: {} });
    const refused = Array.from({ length: DRIPS }, () => open(post(), ' '));
    await allClosed(refused, 'connections with a 401 are closed');
    for (const connection of refused) {
      expect(statusOf(connection)).toBe(401);
      expect(connection.text.toLowerCase()).toContain('\r\nconnection: close\r\n');
    }
  });

  it.each([
    ['too large', post().replace('900000', '90000000'), 413],
    ['of another type', post().replace('application/json', 'text/plain'), 415],
    ['encoded', post('Content-Encoding: gzip\r\n'), 415],
    ['of a GET', post().replace('POST /api/process/x/cancel', 'GET /api/process'), 200],
    [
      'in chunks that do not end',
      'GET /api/process HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n',
      200,
    ],
  ])('get the answer, and are disconnected, when their body is %s', async (_what, text, status) => {
    await start({ REQUEST_TIMEOUT_MS: 600_000 });
    const connection = open(text, ' ');
    await allClosed([connection], 'it is closed');
    expect(statusOf(connection)).toBe(status);
  });

  it('read the whole refusal of a large body, though they still send meanwhile', async () => {
    await start({ REQUEST_TIMEOUT_MS: 600_000 });
    const answer = await fetch(`${parts.api.url}/api/process/x/cancel`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify('x'.repeat(3_000_000)),
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ status: 413 });
  });

  it('are not mistaken for callers who wait: long polls and event streams outlast the limit', async () => {
    await start({ REQUEST_TIMEOUT_MS: 300 });
    await parts.database.eventStore.append('waited', [requested()]);
    // Tried again, because on a slow machine the limit may hit the request itself, before it has arrived.
    const stream = await until(async () => {
      const opened = await followEvents(`${parts.api.url}/api/process/waited/events`).catch(gone);
      return opened?.status === 200 && opened;
    }, 'the stream begins');
    await until(async () => {
      const answer = await parts.api.status('waited', { prefer: 'wait=3' }).catch(gone);
      return answer?.status === 202;
    }, 'a long poll outlasts the limit');
    await until(() => stream.events.length === 1, 'the stream has the event');
    let ended = false;
    const onEnd = (): void => {
      ended = true;
    };
    stream.ended.then(onEnd, onEnd);
    await parts.advance('waited', stepCompleted('one'));
    await until(() => stream.events.length === 2 || ended, 'it gets the next event');
    expect(ended).toBe(false);
    stream.close();
  });

  it('of one address are displaced by its next connection, and take nothing from other addresses', async () => {
    await start({ REQUEST_TIMEOUT_MS: 600_000, CONNECTIONS_PER_ADDRESS_MAX: 10 });
    const slow = Array.from({ length: DRIPS }, () => open(post(), ' ', '127.0.0.2'));
    const left = () => slow.filter(({ closed }) => !closed).length;
    await until(() => left() === 10, 'ten are left');
    // The oldest went, and one more makes another one go.
    const next = open('GET /api/process HTTP/1.1\r\nHost: localhost\r\n\r\n', '', '127.0.0.2');
    await until(() => next.text.includes('200 OK'), 'it is answered');
    expect((await parts.api.get('/api/process')).status).toBe(200);
    await until(() => left() === 9, 'nine are left');
  });

  it('behind a trusted proxy are not counted by its address', async () => {
    await start({
      REQUEST_TIMEOUT_MS: 600_000,
      CONNECTIONS_PER_ADDRESS_MAX: 2,
      TRUST_PROXY: '10.0.0.0/8, loopback',
    });
    const many = Array.from({ length: DRIPS }, () => open(post(), ' '));
    const get = open('GET /api/process HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await until(() => get.text.includes('200 OK'), 'it is answered');
    expect(many.every(({ closed }) => !closed)).toBe(true);
  });
});
