import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { openAccess } from '../../../src/access/access.ts';
import { createExports } from '../../../src/http/feed/exports.ts';
import { createEventStreams } from '../../../src/http/streaming/event-streams.ts';
import { createReaders } from '../../../src/http/streaming/reader-pace.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';

const HEARTBEAT_MS = 10;

describe('a caller who is gone, or takes nothing', () => {
  let app: FastifyInstance | undefined;
  let database: TestDatabase | undefined;
  let socket: Socket | undefined;
  afterEach(async () => {
    socket?.destroy();
    await app?.close();
    await database?.destroy();
  });

  /** Calls, and gives what came in. */
  async function call(): Promise<{ request: FastifyRequest; reply: FastifyReply }> {
    app = Fastify();
    const came = new Promise<{ request: FastifyRequest; reply: FastifyReply }>((resolve) => {
      app?.get('/', (request, reply) => resolve({ request, reply }));
    });
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: here\r\n\r\n');
    return came;
  }

  async function callAndHangUp() {
    const { request, reply } = await call();
    const closed = once(reply.raw, 'close');
    socket?.destroy();
    await closed;
    return { request, reply };
  }

  it('takes no slot among the exports when it hung up before one began', async () => {
    database = await databaseKinds()[0]?.open();
    if (!database) throw new Error('no database');
    const exports = createExports({ feedRows: database.feedRows, access: openAccess, max: 1 });
    const { request, reply } = await callAndHangUp();
    const part = { after: '0', filter: {}, archived: false };
    await exports.send({ request, reply, format: 'ndjson', part });
    expect(exports.size()).toBe(0);
  });

  it('is not followed for when it hung up before the stream began', async () => {
    const streams = createEventStreams(openAccess, createReaders(), HEARTBEAT_MS);
    const { request, reply } = await callAndHangUp();
    let beats = 0;
    const stream = streams.begin(request, reply, () => beats++);
    expect(stream.over.aborted).toBe(true);
    await stream.send({ id: '1', type: 'process-requested', data: {} });
    await sleep(3 * HEARTBEAT_MS);
    expect(beats).toBe(0);
  });

  it('gets nothing after the end of a stream that it does not read', async () => {
    const streams = createEventStreams(openAccess, createReaders(), HEARTBEAT_MS);
    const { request, reply } = await call();
    const errors: unknown[] = [];
    // An error event without a listener ends the service.
    reply.raw.on('error', (error) => errors.push(error));
    const stream = streams.begin(request, reply, () => {});
    const data = 'x'.repeat(4_000_000);
    for (let id = 0; id < 5; id++) void stream.send({ id, type: 'process-requested', data });
    expect(stream.isFull()).toBe(true);
    stream.end();
    await sleep(5 * HEARTBEAT_MS);
    expect(reply.raw.closed).toBe(false);
    expect(errors).toEqual([]);
  });
});
