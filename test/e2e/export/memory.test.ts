import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPORT_FORMATS } from '../../../infrastructure/files/export-formats.ts';
import { generateSqlite } from '../../../src/cli/generate/generate.ts';
import { type ServiceProcess, startServiceProcess } from '../../support/commands.ts';
import { growthOf, memoryOf, untilIdle } from '../../support/process-memory.ts';
import { createFolder } from '../../support/service.ts';

const EVENTS = 80_000;
const MAX_GROWTH = 64 * 1_048_576;
/**
 * V8 collects the buffers that the Parquet library leaves behind when there are some 64 MB of them. An encoder that
 * keeps all rows until the end takes far more.
 */
const MAX_PARQUET_GROWTH = 96 * 1_048_576;

describe.skipIf(!existsSync('/proc/self/status'))('the memory of the service', () => {
  const folder = createFolder();
  let service: ServiceProcess;
  let events: number;
  /** Once for all: a service seldom gives back what an export made it take. */
  let before: number;
  beforeAll(async () => {
    const until = '2026-06-01T00:00:00Z';
    const volumes = { events: EVENTS, until, archived: 0.3, pending: 0 };
    ({ events } = await generateSqlite(folder.file, volumes));
    // What else a service does with so many new events at once is not to be measured here.
    service = await startServiceProcess(folder, { LOG_LEVEL: 'info', ROLLUP_EVERY_MS: '0' });
    // The threads that read are there, and each has read something.
    const page = `${service.url}/api/events?archive=include&limit=1000`;
    await Promise.all([page, page, page].map(async (url) => (await fetch(url)).text()));
    before = memoryOf(service.pid);
  });
  afterAll(async () => {
    service?.kill('SIGKILL');
    await service?.ended;
    folder.remove();
  });

  const readers = EXPORT_FORMATS.flatMap((format) => [
    { format, reader: 'takes all of it at once', stalls: false },
    { format, reader: 'stalls at the beginning', stalls: true },
  ]);
  it.each(readers)(
    'grows by a bounded amount in an export as $format whose reader $reader',
    async ({ format, stalls }) => {
      const { growth, result } = await growthOf(
        service.pid,
        async () => {
          const url = `${service.url}/api/events?archive=include&format=${format}`;
          const [answer] = (await once(get(url), 'response')) as [IncomingMessage];
          if (stalls) await untilIdle(service.pid);
          return endOf(answer);
        },
        before,
      );
      if (format === 'ndjson') expect(result.lines).toBe(events);
      expect(growth).toBeLessThan(format === 'parquet' ? MAX_PARQUET_GROWTH : MAX_GROWTH);
    },
  );
});

async function endOf(answer: IncomingMessage): Promise<{ bytes: number; lines: number }> {
  let bytes = 0;
  let lines = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
  }
  expect(answer.complete).toBe(true);
  return { bytes, lines };
}
