import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../domain/common/errors.ts';
import type { Database } from '../../../infrastructure/sql/database.ts';
import type { FeedRows } from '../../../infrastructure/sql/feed-rows.ts';
import { openSqliteDatabase } from '../../../infrastructure/sqlite/database.ts';
import { openAccess } from '../../../src/access/access.ts';
import { generateSqlite } from '../../../src/cli/generate/generate.ts';
import { createExports, type Exports } from '../../../src/http/feed/exports.ts';
import { until } from '../../support/children.ts';
import { createFolder } from '../../support/service.ts';

const EVENTS = 900;
const execFileAsync = promisify(execFile);

describe('the reader of an export', () => {
  const folder = createFolder();
  let database: Database;
  beforeAll(async () => {
    const until = '2026-06-01T00:00:00Z';
    await generateSqlite(folder.file, { events: EVENTS, until, archived: 0.4, pending: 0 });
    const { file } = folder;
    database = await openSqliteDatabase({ file, clock: Date.now, leaseMs: 0, onAppended() {} });
  });
  afterAll(async () => {
    await database?.close();
    folder.remove();
  });

  const log: Record<string, unknown>[] = [];
  let app: FastifyInstance | undefined;
  let exports: Exports;
  let pages = 0;
  let reading: AbortSignal | undefined;
  afterEach(async () => {
    await app?.close();
    log.length = 0;
  });

  /** A server with exports of 1,000 times the events, so that no buffer takes all of them. */
  async function serve(
    more: Partial<FeedRows> = {},
    options: {
      max?: number;
      readTimeoutMs?: number;
      slowMs?: number;
      before?: () => Promise<void>;
    } = {},
  ) {
    pages = 0;
    reading = undefined;
    const { feedRows } = database;
    const rows: FeedRows = {
      head: async () => String(1_000 * EVENTS),
      async page(query, signal) {
        pages++;
        reading = signal;
        const page = await feedRows.page({ ...query, after: '0', limit: 200 }, signal);
        const after = Number(query.after);
        const items = page.items.map((row, at) => ({ ...row, position: after + at + 1 }));
        return { items, lookedTo: String(after + items.length), atEnd: false, bytes: 0 };
      },
      ...more,
    };
    exports = createExports({ feedRows: rows, access: openAccess, max: 4, ...options });
    app = Fastify({
      // As the service has it: what is being answered is left to come to its end.
      forceCloseConnections: 'idle',
      logger: { level: 'warn', stream: { write: (line) => void log.push(JSON.parse(line)) } },
    });
    app.decorateRequest('caller', null);
    app.addHook('preClose', async () => exports.close());
    app.get('/', async (request, reply) => {
      await options.before?.();
      const part = { filter: {}, archived: true, after: '0' };
      return exports.send({ request, reply, format: 'ndjson', part });
    });
    return app.listen({ port: 0 });
  }

  async function connections(): Promise<number> {
    return new Promise((resolve, reject) => {
      app?.server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
    });
  }

  async function open(url: string): Promise<IncomingMessage> {
    const request = httpGet(url);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    // Both report a reset; the test reads the answer.
    request.on('error', () => {});
    return answer;
  }

  /** How it ends: whole, or not. */
  async function endOf(answer: IncomingMessage): Promise<'whole' | 'broken'> {
    answer.resume();
    return new Promise((resolve) => {
      answer.once('end', () => resolve('whole'));
      answer.once('error', () => resolve('broken'));
    });
  }

  /** Resolves when no page is read any more. */
  async function quiet(): Promise<number> {
    let before = -1;
    await until(async () => {
      const same = pages === before;
      before = pages;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return same && pages === before;
    }, 'no more pages are read');
    return pages;
  }

  it('who reads nothing makes the service read no further, and gets more when it reads', async () => {
    const answer = await open(await serve());
    const read = await quiet();
    expect(read).toBeLessThan(60);
    answer.on('data', () => {});
    await until(() => pages > read + 20, 'the service reads more pages');
    answer.destroy();
    await quiet();
  });

  it('who hangs up frees its slot, and nothing is read any more', async () => {
    const answer = await open(await serve());
    await quiet();
    expect(exports.size()).toBe(1);
    answer.destroy();
    await until(() => exports.size() === 0, 'its slot is free');
    const read = await quiet();
    expect(read).toBe(pages);
    expect(reading?.aborted).toBe(true);
    expect(log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('who hangs up while a page is read for it has that read cancelled', async () => {
    const { feedRows } = database;
    let reading: AbortSignal | undefined;
    const answer = await open(
      await serve({
        async page(query, signal) {
          if (query.after === '0') return { ...(await feedRows.page(query)), atEnd: false };
          reading = signal;
          return new Promise((_, reject) => {
            signal?.addEventListener('abort', () => reject(signal.reason));
          });
        },
      }),
    );
    answer.resume();
    await until(() => reading, 'the second page is read');
    expect(reading?.aborted).toBe(false);
    answer.destroy();
    await until(() => reading?.aborted, 'it is broken off');
    expect(exports.size()).toBe(0);
  });

  it('who has hung up before it begins takes no slot, and nothing is read', async () => {
    let came = false;
    let go = (): void => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const before = async (): Promise<void> => {
      came = true;
      await gate;
    };
    const request = httpGet(await serve({}, { before }));
    request.on('error', () => {});
    await until(() => came, 'the call is there');
    request.destroy();
    await until(async () => (await connections()) === 0, 'the service has noticed it');
    go();
    await quiet();
    expect([exports.size(), pages]).toEqual([0, 0]);
  });

  it('gets all up to the head at its beginning, and nothing later', async () => {
    const answer = await open(await serve({ head: async () => '1234' }));
    let lines = '';
    for await (const chunk of answer) lines += String(chunk);
    expect(lines.split('\n')).toHaveLength(1_234 + 1);
  });

  it('who takes nothing for long loses its slot', async () => {
    const answer = await open(await serve({}, { readTimeoutMs: 200 }));
    await until(() => exports.size() === 0, 'its slot is free');
    expect(await endOf(answer)).toBe('broken');
    expect(JSON.stringify(log)).toContain('the caller did not read for too long');
  });

  it('sees by a broken connection that the service stopped', async () => {
    const answer = await open(await serve());
    const ended = endOf(answer);
    await app?.close();
    expect(await ended).toBe('broken');
    expect(exports.size()).toBe(0);
  });

  it('sees by a broken connection that the database was lost, and a log line says so', async () => {
    const { feedRows } = database;
    let nth = 0;
    const answer = await open(
      await serve({
        async page(query, signal) {
          if (++nth > 3) throw new StoreUnavailableError('the database went away');
          const page = await feedRows.page({ ...query, limit: 10 }, signal);
          return { ...page, atEnd: false };
        },
      }),
    );
    expect(await endOf(answer)).toBe('broken');
    await until(() => exports.size() === 0, 'its slot is free');
    const logged = log.find(({ msg, level }) => msg === 'an export was aborted' && level === 50);
    expect(logged).toMatchObject({ err: { message: 'the database went away' } });
  });

  it('is refused when as many exports run as may', async () => {
    const url = await serve({}, { max: 1 });
    const first = await open(url);
    const second = await fetch(url);
    expect(second.status).toBe(503);
    expect(second.headers.get('retry-after')).toBe('5');
    expect(await second.json()).toMatchObject({ type: 'urn:fastify-camunda:problem:overloaded' });
    first.destroy();
    await until(() => exports.size() === 0, 'its slot is free');
    const third = await open(url);
    expect(third.statusCode).toBe(200);
    third.destroy();
  });

  it('who reads nothing loses its slot to a new one, and who reads does not', async () => {
    const url = await serve({}, { max: 3, slowMs: 200 });
    const reader = await open(url);
    reader.resume();
    const idle = await open(url);
    const drip = await open(url);
    const ends = [endOf(idle), endOf(drip)];
    for (const one of [idle, drip]) one.pause();
    const timer = setInterval(() => drip.read(100), 50);
    try {
      for (const _ of ends) {
        const next = await until(async () => {
          const answer = await open(url);
          if (answer.statusCode === 200) return answer;
          answer.resume();
          return null;
        }, 'a free slot');
        next.resume();
      }
      expect(exports.size()).toBe(3);
      for (const one of [idle, drip]) one.resume();
      expect(await Promise.all(ends)).toEqual(['broken', 'broken']);
      expect(reader.destroyed).toBe(false);
    } finally {
      clearInterval(timer);
    }
  });

  it('sees by a reset over HTTP/1.0, where the end of the connection ends the answer, that it broke', async () => {
    const { feedRows } = database;
    let nth = 0;
    const lost: FeedRows['page'] = async (query, signal) => {
      // Far behind the first byte of the answer.
      if (++nth > 50) throw new StoreUnavailableError('the database went away');
      return { ...(await feedRows.page({ ...query, after: '0' }, signal)), atEnd: false };
    };
    expect(await endOfOldConnection(await serve({ page: lost }))).toBe('reset');
    const stopped = endOfOldConnection(await serve());
    await until(() => exports.size() === 1, 'it has begun');
    await app?.close();
    expect(await stopped).toBe('reset');
    expect(await endOfOldConnection(await serve({ head: async () => '100' }))).toBe('ended');
  });

  /** Asked by Python: Node takes a reset that comes with the last bytes for an end (`uv__stream_eof` in libuv). */
  async function endOfOldConnection(url: string): Promise<string> {
    const program = `
import socket, sys
s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
try:
    while s.recv(65536): pass
    print('ended')
except ConnectionResetError:
    print('reset')
`;
    const { stdout } = await execFileAsync('python3', ['-c', program, new URL(url).port]);
    return stdout.trim();
  }
});
