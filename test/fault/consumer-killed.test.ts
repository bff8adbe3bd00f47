import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import BetterSqlite3 from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import { endWithUs, freePort, until } from '../support/children.ts';
import { startServiceProcess } from '../support/commands.ts';
import { startLoad } from '../support/load.ts';
import { createFolder } from '../support/service.ts';

/** The example of the documentation. */
const CONSUMER = fileURLToPath(new URL('../../docs/examples/consume-events.mjs', import.meta.url));
const ROUNDS = 6;
/** The largest number of events that are handled before a kill. */
const MAX_HANDLED = 60;

describe('a consumer of the feed', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it('G9: a consumer of the feed handles every event in order and skips none, although it and the service are killed at random points', async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const port = String(await freePort());
    const startService = () => startServiceProcess(folder, { PORT: port });
    /** Positions in the order in which they were handled, over all runs of the consumer. */
    const handled: number[] = [];
    function startConsumer() {
      const child = spawn(
        process.execPath,
        [CONSUMER, `http://127.0.0.1:${port}`, join(folder.path, 'cursor')],
        { stdio: ['ignore', 'pipe', 'ignore'] },
      );
      endWithUs(child);
      let rest = '';
      child.stdout.on('data', (chunk) => {
        // A line that the kill cut off was not handled.
        const lines = (rest + String(chunk)).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) handled.push(Number(JSON.parse(line).position));
      });
      return {
        async kill() {
          child.kill('SIGKILL');
          await once(child, 'close');
        },
      };
    }

    let service = await startService();
    let consumer = startConsumer();
    cleanup.push(() => service.kill('SIGKILL'));
    cleanup.push(() => consumer.kill());
    for (let round = 0; round < ROUNDS; round++) {
      const before = handled.length;
      const variables = { number: round };
      const load = startLoad(service.url, {
        processKey: 'counted',
        variables,
        callers: 2,
        prefer: 'respond-async',
      });
      const enough = before + Math.ceil(Math.random() * MAX_HANDLED);
      await until(() => handled.length >= enough, 'events are handled');
      if (round % 3 !== 0) await consumer.kill();
      if (round % 3 !== 1) {
        service.kill('SIGKILL');
        await service.ended;
      }
      await load.stop();
      if (round % 3 !== 1) service = await startService();
      if (round % 3 !== 0) consumer = startConsumer();
    }
    await until(
      async () =>
        (await service.api.get('/api/process?status=pending')).body.processes.length === 0,
      'all have ended',
    );
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    const db = new BetterSqlite3(folder.file, { readonly: true });
    const written = db.prepare('SELECT id FROM event_log ORDER BY id').pluck().all() as number[];
    db.close();

    service = await startService();
    await until(() => handled.includes(written.at(-1) ?? 0), 'the last one is handled');
    expect(written.length).toBeGreaterThan(ROUNDS * 4);
    // After a kill events are handled again, but their first handling is in order and skips none.
    const firsts = [...new Set(handled)].filter((position) => position <= (written.at(-1) ?? 0));
    expect(firsts).toEqual(written);
  }, 300_000);
});
