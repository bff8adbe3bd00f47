import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { type ServiceProcess, startServiceProcess } from '../../support/commands.ts';
import { writeLargeEvents } from '../../support/large-events.ts';
import { probeHealth } from '../../support/load.ts';
import { growthOf, memoryOf, untilIdle } from '../../support/process-memory.ts';
import { createFolder } from '../../support/service.ts';
import type { Body } from '../../support/service-api.ts';

const PROCESSES = 40;
const LONG = 60;
const TRACE = 'a-trace-of-large-events';
const READERS = 4;
const MB = 1_048_576;
/** Far below what the events have, and above what the pages have in all the forms they take. */
const MAX_GROWTH = 512 * MB;
/** CPU time: one page put together of all that there is took longer. */
const MAX_HEALTH_CPU_MS = 5_000;

describe.skipIf(!existsSync('/proc/self/status'))('a service with large events', () => {
  const folder = createFolder();
  let service: ServiceProcess;
  let before: number;
  beforeAll(async () => {
    await writeLargeEvents(folder.file, { processes: PROCESSES, long: LONG, trace: TRACE });
    service = await startServiceProcess(folder, { ROLLUP_EVERY_MS: '0' });
    await (await fetch(`${service.url}/api/events?limit=1`)).text();
    before = memoryOf(service.pid);
  });
  afterAll(async () => {
    service?.kill('SIGKILL');
    await service?.ended;
    folder.remove();
  });

  /** Does some work; how far the memory rose meanwhile, and the most CPU time before health answered. */
  async function observed<T>(work: () => Promise<T>) {
    const probe = probeHealth(service);
    const { growth, result } = await growthOf(service.pid, work, before);
    return { growth, result, longest: await probe.stop() };
  }

  /** Some callers who go through a list at the same time, each to its end. */
  async function readBySome(path: string, items: (page: Body) => string[]): Promise<string[][]> {
    return Promise.all(
      Array.from({ length: READERS }, async () => {
        const found: string[] = [];
        for (let cursor = ''; ; ) {
          const answer = await fetch(`${service.url}${path}${cursor && `&cursor=${cursor}`}`);
          expect(answer.status).toBe(200);
          const page = (await answer.json()) as Body;
          const some = items(page);
          expect(some.length > 0 || page.atEnd || page.nextCursor === null).toBe(true);
          found.push(...some);
          if (page.atEnd || page.nextCursor === null) return found;
          cursor = page.nextCursor;
        }
      }),
    );
  }

  const ids = (events: Body['events']): string[] =>
    events.map(({ correlationId, version }) => `${correlationId} ${version}`);

  it.each([
    {
      what: 'the feed',
      path: '/api/events?limit=1000',
      items: ({ events }: Body) => ids(events),
      count: 2 * PROCESSES + LONG,
    },
    {
      what: 'a trace',
      path: `/api/event-log/${TRACE}?limit=1000`,
      items: ({ events }: Body) => ids(events),
      count: 2 * PROCESSES,
    },
    {
      what: 'the list',
      path: '/api/process?limit=1000&status=ok',
      items: ({ processes }: Body) => processes.map(({ correlationId }) => correlationId),
      count: PROCESSES,
    },
    {
      what: 'the events of a process',
      path: '/api/process/long/events?afterVersion=0',
      items: (page: Body) => {
        page.nextCursor = null;
        return ids(page.events);
      },
      count: LONG,
    },
  ])(
    'bounds each page of $what by bytes, and gives everything in the end',
    async ({ path, items, count }) => {
      const { growth, longest, result } = await observed(() => readBySome(path, items));
      for (const found of result) {
        expect(found).toHaveLength(count);
        expect(new Set(found).size).toBe(count);
      }
      expect(growth).toBeLessThan(MAX_GROWTH);
      expect(longest).toBeLessThan(MAX_HEALTH_CPU_MS);
    },
  );

  it('folds a state of the past in pieces', async () => {
    const { growth, longest, result } = await observed(async () => {
      const asked = Array.from({ length: READERS }, () =>
        service.api.get(`/api/process/status/long?at=${LONG - 1}`),
      );
      return (await Promise.all(asked)).map(({ body }) => body.version);
    });
    expect(result).toEqual(Array(READERS).fill(LONG - 1));
    expect(growth).toBeLessThan(MAX_GROWTH);
    expect(longest).toBeLessThan(MAX_HEALTH_CPU_MS);
  });

  it.each(['/api/events', '/api/process/long/events'])(
    'spends little on each follower of %s who does not read',
    async (path) => {
      const { port } = new URL(service.url);
      const sockets = await Promise.all(
        Array.from({ length: 30 }, async () => {
          const socket = connect(Number(port), '127.0.0.1').pause();
          await once(socket, 'connect');
          socket.write(
            `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n`,
          );
          return socket;
        }),
      );
      try {
        const { growth } = await observed(() => untilIdle(service.pid));
        // Thirty copies of all there is would be gigabytes; how late memory is given back is V8's affair.
        expect(growth).toBeLessThan(2 * MAX_GROWTH);
      } finally {
        for (const socket of sockets) socket.destroy();
      }
      await until(
        async () => (await fetch(`${service.url}/health/live`)).ok,
        'the service answers',
      );
    },
  );
});
