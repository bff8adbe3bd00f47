import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { builtFile, startServiceProcess } from '../../support/commands.ts';
import { startRedis } from '../../support/redis.ts';
import { createFolder, OBSERVED_PROCESSES, settingsFor } from '../../support/service.ts';
import { startEngineBehindProxy } from '../../support/service-engine.ts';

const BIN = await builtFile('src/bin.ts');
const SECRETS = {
  redis: 'redis-p/ss:wörd',
  engine: 'engine-secret-1',
  otel: 'otel-secret-1',
  otelHeader: 'otel-header-secret',
  bearer: 'bearer-secret-1',
  apiKey: 'api-key-secret-1',
  cookie: 'cookie-secret-1',
  card: '4111-1111-1111-1111',
  query: 'query-secret-1',
} as const;

describe('secrets of the service', () => {
  const cleanup: (() => Promise<unknown> | unknown)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it('are in no line of the log, at its most verbose level, whatever goes wrong', async () => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const redis = await startRedis();
    cleanup.push(redis.stop);
    const admin = new Redis(redis.url);
    await admin.config('SET', 'requirepass', SECRETS.redis);
    admin.disconnect();
    const engine = await startEngineBehindProxy(join(folder.path, 'engine.db'));
    cleanup.push(engine.stop);
    const partner = createServer((_request, response) => void response.writeHead(500).end());
    await new Promise<void>((resolve) => partner.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => partner.close());
    const { port } = partner.address() as AddressInfo;

    const service = await startServiceProcess(folder, {
      LOG_LEVEL: 'trace',
      PROCESSES_DIR: OBSERVED_PROCESSES,
      REDIS_URL: redis.url.replace('//', `//:${encodeURIComponent(SECRETS.redis)}@`),
      CAMUNDA_BASE_URL: engine.url,
      CAMUNDA_USERNAME: 'worker',
      CAMUNDA_PASSWORD: SECRETS.engine,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://tracer:${SECRETS.otel}@127.0.0.1:9`,
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=${SECRETS.otelHeader}`,
      OTEL_BSP_SCHEDULE_DELAY: '20',
      OBSERVED_PARTNER: `http://127.0.0.1:${port}/?key=${SECRETS.query}`,
    });
    cleanup.push(() => service.kill('SIGKILL'));
    const headers = {
      authorization: `Bearer ${SECRETS.bearer}`,
      'x-api-key': SECRETS.apiKey,
      cookie: `session=${SECRETS.cookie}`,
    };
    const card = { number: SECRETS.card };
    const failed = await service.api.start('observed', { how: 'ok', card }, {}, headers);
    expect(failed.status).toBe(502);
    await service.api.post('/api/process/start', { body: '{', headers });
    engine.down();
    const ready = await until(async () => {
      const answer = await service.api.get('/health/ready', { headers });
      return answer.status === 503 && answer;
    }, 'it is not ready');
    await until(() => service.output().includes('the engine cannot be polled'), 'polls fail');
    await service.api.start('observed', { how: 'ok', card }, {}, { ...headers, prefer: 'wait=1' });
    await until(() => service.output().includes('job failed'), 'a job fails');
    await redis.stop();
    await until(() => service.output().includes('Redis connection error'), 'Redis is missed');
    const away = await service.api.get('/health/ready', { headers });
    service.kill('SIGTERM');
    await service.ended;

    // What it says is worth reading all the same.
    expect(service.output()).toContain('"REDIS_URL":"redis://:***@127.0.0.1');
    for (const text of [service.output(), failed.text, ready.text, away.text]) expectNone(text);
  });

  it.each([
    // Of what is only away the service would wait for the return.
    ['REDIS_URL', `redis://:${SECRETS.engine}@nowhere.invalid:6379`],
    ['CAMUNDA_BASE_URL', `http://user:${SECRETS.engine}@nowhere.invalid/engine-rest`],
    ['DATABASE_URL', `mssql://sa:${SECRETS.engine}@127.0.0.1:9/none?encrypt=false`],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', `ftp://user:${SECRETS.engine}@127.0.0.1:9`],
  ])('are not in the output of a start that fails for its %s', (name, url) => {
    const folder = createFolder();
    cleanup.push(folder.remove);
    const { stdout, stderr, status } = spawnSync(process.execPath, [BIN, 'serve'], {
      env: {
        PATH: process.env.PATH ?? '',
        ...settingsFor(folder, { LOG_LEVEL: 'trace', [name]: url }),
      },
      encoding: 'utf8',
      timeout: 50_000,
    });
    expect(status).toBe(1);
    expect(stderr).toContain(name);
    expectNone(stdout + stderr);
  });
});

function expectNone(text: string): void {
  for (const [what, secret] of Object.entries(SECRETS)) {
    for (const form of [secret, encodeURIComponent(secret)]) {
      const line = text.split('\n').find((one) => one.includes(form));
      expect(line, `${what} is printed`).toBeUndefined();
    }
  }
}
