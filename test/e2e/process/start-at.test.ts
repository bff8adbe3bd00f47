import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { queryValue, startTestService, type TestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';

const HOUR = 3_600_000;
const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

describe('a start with a time', () => {
  let service: TestService;
  beforeAll(async () => {
    // Two pending processes at most: others that wait for their time do not count.
    service = await startTestService({ PENDING_MAX: '2' });
  });
  afterAll(async () => {
    await service?.stop();
    service?.folder.remove();
  });

  const later = (correlationId: string, startAt: string, more: object = {}) =>
    service.api.start('counted', { number: 1 }, { correlationId, startAt, ...more });
  const eventsOf = async (id: string) =>
    (await service.api.get(`/api/process/${id}/events`)).body.events;
  const typesOf = async (id: string) => (await eventsOf(id)).map(({ type }) => type);

  it('G1: is accepted and kept at once, and begins within a second of its time', async () => {
    const startAt = inMs(1_000);
    const answer = await later('soon', startAt);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ status: 'pending', correlationId: 'soon', startAt });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(await typesOf('soon')).toEqual(['process-requested']);
    const ended = await service.api.status('soon', { prefer: 'wait=25' });
    expect(ended.body).toMatchObject({ status: 'ok', startedAt: startAt });
    expect(ended.body).not.toHaveProperty('startAt');
    const begun = (await eventsOf('soon')).find(({ type }) => type === 'process-started');
    expect(begun?.createdAt.localeCompare(startAt)).toBeGreaterThanOrEqual(0);
  });

  it('answers at once, whatever its caller prefers, and says until when it waits', async () => {
    const answer = await service.api.start(
      'counted',
      { number: 1 },
      { correlationId: 'tomorrow', startAt: '2040-01-01T01:00:00+01:00' },
      { prefer: 'wait=25' },
    );
    expectProblem(answer, 'invalid-request', /startAt: must be at most 366 days ahead/);
    const startAt = new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 24 * HOUR);
    const withOffset = startAt.toISOString().replace('.000Z', '+00:00');
    const accepted = await later('tomorrow', withOffset);
    expect(accepted.status).toBe(202);
    expect(accepted.body).toMatchObject({ startAt: startAt.toISOString() });
    expect(Number(accepted.headers.get('retry-after'))).toBeGreaterThan(23 * 3_600);
    expect(Number(accepted.headers.get('retry-after'))).toBeLessThanOrEqual(24 * 3_600 + 1);
    const status = await service.api.status('tomorrow');
    expect(status.status).toBe(202);
    expect(status.body).toMatchObject({ status: 'pending', startAt: startAt.toISOString() });
    expect(Number(status.headers.get('retry-after'))).toBeGreaterThan(23 * 3_600);
    await until(async () => {
      const { body } = await service.api.get('/api/process?status=pending&limit=100');
      const listed = body.processes.find(({ correlationId }) => correlationId === 'tomorrow');
      return (listed as { startAt?: string } | undefined)?.startAt === startAt.toISOString();
    }, 'it is in the list');
  });

  it('is the same start when it is sent again, and a conflict with another time', async () => {
    const startAt = inMs(HOUR);
    expect((await later('again', startAt)).status).toBe(202);
    expect((await later('again', startAt)).body).toMatchObject({ startAt });
    expectProblem(await later('again', inMs(2 * HOUR)), 'conflict');
    expectProblem(
      await service.api.start('counted', { number: 1 }, { correlationId: 'again' }),
      'conflict',
    );
    expect(await typesOf('again')).toEqual(['process-requested']);
  });

  it.each(['tomorrow', '2026-02-30T00:00:00Z', '2026-12-24', '', 5])(
    'is refused when the time is %j',
    async (startAt) => {
      expectProblem(await later('wrong', startAt as string), 'invalid-request', /startAt/);
      expect((await service.api.status('wrong')).status).toBe(404);
    },
  );

  it('begins at once when its time is over', async () => {
    const answer = await later('past', inMs(-HOUR));
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'ok' });
  });

  it('is cancelled before it begins, and then never begins', async () => {
    await later('not-now', inMs(HOUR));
    const answer = await service.api.post('/api/process/not-now/cancel', {
      json: { reason: 'no longer needed' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'error', error: { kind: 'cancelled' } });
    expect(await typesOf('not-now')).toEqual(['process-requested', 'process-cancelled']);
  });

  it('is one of many in a call, and no load: more wait than may be pending', async () => {
    const startAt = inMs(HOUR);
    const of = (at: number) => ({
      processKey: 'counted',
      correlationId: `many-${at}`,
      startAt,
      variables: { number: at },
    });
    const json = {
      starts: [of(0), of(1), of(2), of(3), { ...of(4), startAt: inMs(500 * 24 * HOUR) }],
    };
    const { body } = await service.api.post('/api/process/start-many', { json });
    const { answers } = body as unknown as { answers: { status: number; startAt?: string }[] };
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 400]);
    expect(answers[0]).toMatchObject({ startAt });
    const db = "SELECT COUNT(*) FROM process_store WHERE correlation_id LIKE 'many-%'";
    await until(() => queryValue(service.folder, db) === 4, 'they are in the list');
    // Polled once a second: a count with those that wait would refuse all that follow.
    const startNow = (id: string) =>
      service.api.start('counted', { number: 1 }, { correlationId: id });
    await until(async () => (await startNow('now')).status === 200, 'another has room');
  });
});
