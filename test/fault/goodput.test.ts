import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { type ServiceProcess, startServiceProcess } from '../support/commands.ts';
import { readMetrics } from '../support/metrics.ts';
import { startRedis } from '../support/redis.ts';
import { serverUrl } from '../support/servers.ts';
import {
  createFolder,
  expectWhole,
  type Folder,
  queryValue,
  readStreams,
} from '../support/service.ts';
import { expectProblem } from '../support/service-api.ts';
import { type EngineBehindProxy, startEngineBehindProxy } from '../support/service-engine.ts';

const ASYNC = { prefer: 'respond-async' };
const SLOTS = 4;
const BACKLOG = 120;
const hasRedis = (await serverUrl('redis')) !== null;

interface Flooded {
  folder: Folder;
  service: ServiceProcess;
  engine: EngineBehindProxy | null;
}

describe.each([
  { kind: 'embedded', available: true },
  { kind: 'Redis, and an engine over REST', available: hasRedis },
])('more starts than can be done: $kind', ({ kind, available }) => {
  const cleanup: (() => unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  async function startService(settings: Record<string, string> = {}): Promise<Flooded> {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const env: Record<string, string> = {
      WORKER_CONCURRENCY: String(SLOTS),
      SHUTDOWN_TIMEOUT_MS: '60000',
      ...settings,
    };
    let engine: EngineBehindProxy | null = null;
    if (kind !== 'embedded') {
      const redis = await startRedis();
      cleanup.push(redis.stop);
      engine = await startEngineBehindProxy(`${folder.path}/engine.db`);
      cleanup.push(engine.stop);
      env.REDIS_URL = redis.url;
      env.CAMUNDA_BASE_URL = engine.url;
    }
    const service = await startServiceProcess(folder, env);
    cleanup.push(async () => {
      service.kill('SIGKILL');
      await service.ended;
    });
    return { folder, service, engine };
  }

  const startOne = (service: ServiceProcess, correlationId: string, headers = ASYNC, pause = 10) =>
    service.api.start('counted', { number: 1, pause }, { correlationId }, headers);

  async function startMany(service: ServiceProcess, prefix: string, count: number): Promise<void> {
    const ids = Array.from({ length: count }, (_, at) => `${prefix}-${at}`);
    const answers = await Promise.all(ids.map((id) => startOne(service, id)));
    expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 202));
  }

  const pendingIn = (folder: Folder, prefix: string): number =>
    Number(
      queryValue(
        folder,
        `SELECT COUNT(DISTINCT correlation_id) FROM event_log WHERE correlation_id LIKE '${prefix}-%'
         AND correlation_id NOT IN (SELECT correlation_id FROM event_log WHERE event_type = 'process-completed')`,
      ),
    );

  /** Stops the service, and expects that all that was accepted has ended, once. */
  async function expectAllEnded({ folder, service }: Flooded, count: number): Promise<void> {
    const ended = `SELECT COUNT(*) FROM event_log WHERE event_type = 'process-completed'`;
    await until(() => queryValue(folder, ended) === count, 'all that was accepted has ended');
    service.kill('SIGTERM');
    expect(await service.ended).toBe(0);
    const streams = await readStreams(folder);
    expect(streams).toHaveLength(count);
    expectWhole(streams);
  }

  it.skipIf(!available)(
    'G14: a caller who waits is answered before a backlog of starts that nobody waits for',
    async () => {
      const flooded = await startService({ START_DELAY_MAX_MS: '0' });
      const { folder, service } = flooded;
      // All slots are taken until the backlog is there: how fast the machine is does not matter.
      for (let at = 0; at < SLOTS; at++) {
        const ids = { correlationId: `held-${at}` };
        expect((await service.api.start('gated', { gate: 'open' }, ids, ASYNC)).status).toBe(202);
      }
      await until(
        () =>
          queryValue(
            folder,
            "SELECT COUNT(*) FROM event_log WHERE event_type = 'process-started'",
          ) === SLOTS,
        'they have begun',
      );
      await startMany(service, 'other', BACKLOG);
      const waiting = startOne(service, 'awaited', { prefer: 'wait=600' });
      await until(
        () => queryValue(folder, "SELECT COUNT(*) FROM event_log WHERE correlation_id = 'awaited'"),
        'the caller waits',
      );
      folder.open('open');
      expect((await waiting).status).toBe(200);
      expect(pendingIn(folder, 'other')).toBeGreaterThan(BACKLOG / 2);
      await expectAllEnded(flooded, SLOTS + BACKLOG + 1);
    },
  );

  it.skipIf(!available)('G14: processes in hand end before many more begin', async () => {
    const slots = 16;
    const flooded = await startService({
      START_DELAY_MAX_MS: '0',
      WORKER_CONCURRENCY: String(slots),
    });
    // The next task of a process then is on its way for longer than any is in hand.
    flooded.engine?.slowDown(5);
    await startMany(flooded.service, 'other', BACKLOG);
    await expectAllEnded(flooded, BACKLOG);
    expect(mostAtOnce(flooded.folder)).toBeLessThan(3 * slots);
  });

  it.skipIf(!available)(
    'G14: starts that would begin too late get a 503 with Retry-After, and in an outage none does for that',
    async () => {
      const flooded = await startService({ START_DELAY_MAX_MS: '1' });
      const { service, engine } = flooded;
      let accepted = 0;
      let sent = 0;
      const sendUntil = async (status: number) => {
        for (;;) {
          const answer = await startOne(service, `flood-${sent++}`, ASYNC, 20);
          if (answer.status === 202) accepted++;
          if (answer.status === status) return answer;
        }
      };
      const refusals = await Promise.all(Array.from({ length: 32 }, () => sendUntil(503)));
      for (const refusal of refusals) {
        expectProblem(refusal, 'overloaded', /nothing was written/);
        expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      // A caller who waits has nobody before it.
      expect((await startOne(service, 'awaited', { prefer: 'wait=600' })).status).toBe(200);
      if (engine) {
        engine.down();
        // What begins before the engine is missed may still be refused.
        await sendUntil(202);
        await until(
          async () => Number.isNaN((await readMetrics(service.url)).value('start_delay_seconds')),
          'the outage is noticed',
        );
        await startMany(service, 'outage', 200);
        engine.up();
        accepted += 200;
      }
      await expectAllEnded(flooded, accepted + 1);
    },
  );
});

/** The most processes that had begun and not ended at the same time, by the order of their events. */
function mostAtOnce(folder: Folder): number {
  return Number(
    queryValue(
      folder,
      `SELECT MAX(running) FROM (SELECT SUM(CASE event_type WHEN 'process-started' THEN 1 ELSE -1 END)
         OVER (ORDER BY id) AS running
       FROM event_log WHERE event_type IN ('process-started', 'process-completed'))`,
    ),
  );
}
