import { randomUUID } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startServiceProcess } from '../../support/commands.ts';
import { ADA, bytesOf, newFolder, personal, rowsBesideEngine, run } from '../../support/erasure.ts';
import { startOtlpReceiver } from '../../support/otlp-receiver.ts';
import { foundIn, PERSON } from '../../support/personal.ts';
import { listenToRedis } from '../../support/redis-listener.ts';
import { serverUrl } from '../../support/servers.ts';
import { untilRelayed } from '../../support/service.ts';
import { type Answer, expectProblem } from '../../support/service-api.ts';

const redisUrl = await serverUrl('redis');

describe('an erasure', () => {
  it('leaves no trace of the person in anything that was written', async () => {
    const folder = newFolder();
    const receiver = await startOtlpReceiver();
    onTestFinished(receiver.stop);
    const settings = personal({
      LOG_LEVEL: 'trace',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
      OTEL_BSP_SCHEDULE_DELAY: '20',
      ...(redisUrl ? { REDIS_URL: redisUrl, REDIS_PREFIX: `personal-${randomUUID()}` } : {}),
    });
    const redisTraffic = redisUrl
      ? await listenToRedis(redisUrl, settings.REDIS_PREFIX ?? '')
      : undefined;
    onTestFinished(() => redisTraffic?.close());
    const service = await startServiceProcess(folder, settings);
    onTestFinished(() => service.kill('SIGKILL'));
    const start = (how: string): Promise<Answer> =>
      service.api.start('personal', { how, ...ADA }, { correlationId: how });

    // Callers get all of it.
    const [ok, refused, broken] = await Promise.all(['ok', 'business', 'technical'].map(start));
    expect(ok?.body.result).toEqual({
      message: `Welcome, ${ADA.fullName}`,
      email: ADA.email,
      score: 71,
    });
    expectProblem(refused as Answer, 'process-refused', new RegExp(PERSON.refusal));
    expectProblem(broken as Answer, 'process-failed', new RegExp(`nobody called ${ADA.fullName}`));
    expect((await start('ok')).status, 'the same start is still known').toBe(200);
    const trail = await service.api.get('/api/process/business/events');
    expect(foundIn(trail.text)).toEqual([ADA.email, ADA.fullName, PERSON.refusal]);
    await untilRelayed(folder);
    await service.api.post('/api/process/start', { body: '{' });
    service.kill('SIGTERM');
    await service.ended;

    // Everything that was written beside the engine's own tables.
    expect(foundIn(service.output()), 'in the log').toEqual([]);
    expect(receiver.spans.length).toBeGreaterThan(10);
    expect(foundIn(receiver.sent()), 'in the traces').toEqual([]);
    expect(receiver.sent(), 'the code instead').not.toContain('$personal.');
    expect(foundIn((await redisTraffic?.everything()) ?? ''), 'in Redis').toEqual([]);
    expect(foundIn(rowsBesideEngine(folder)), 'in the tables').toEqual([]);

    const { code, out, err } = await run(folder, ['erase', 'ok', 'business', 'technical']);
    expect({ code, out, err }).toEqual({
      code: 0,
      out: 'ok erased\nbusiness erased\ntechnical erased\n',
      err: '',
    });
    expect(foundIn(bytesOf(folder)), 'in the file, in what is free in it, in its log').toEqual([]);
    expect((await run(folder, ['verify'])).code, 'every hash holds').toBe(0);
  });
});
