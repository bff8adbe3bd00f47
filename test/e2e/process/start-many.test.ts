import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';

interface Answer {
  status: number;
  correlationId?: string;
  joined?: boolean;
  problem?: { type: string; status: number; detail: string };
}

describe('many starts in one call', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService();
  });
  afterAll(() => service?.stop());

  async function startMany(starts: object[]): Promise<Answer[]> {
    const answer = await service.api.post('/api/process/start-many', { json: { starts } });
    expect(answer.status).toBe(200);
    return (answer.body as unknown as { answers: Answer[] }).answers;
  }
  const counted = (number: unknown, more: object = {}) => ({
    processKey: 'counted',
    variables: { number },
    ...more,
  });

  it('have an answer each, in their order: accepted, joined, refused', async () => {
    const before = await service.api.start('counted', { number: 1 }, { correlationId: 'single' });
    expect(before.status).toBe(200);
    const answers = await startMany([
      counted(1, { correlationId: 'many-1' }),
      counted(2),
      counted('two'),
      { processKey: 'none' },
      counted(1, { correlationId: 'single' }),
      counted(9, { correlationId: 'single' }),
      counted(3, { idempotencyKey: 'key' }),
      counted(3, { idempotencyKey: 'key' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 400, 404, 202, 409, 202, 202]);
    expect(answers[0]).toMatchObject({
      correlationId: 'many-1',
      joined: false,
      statusUrl: '/api/process/status/many-1',
    });
    expect(answers[2]?.problem).toMatchObject({
      type: 'urn:fastify-camunda:problem:invalid-variables',
      detail: expect.stringContaining('variables.number'),
    });
    expect(answers[3]?.problem?.detail).toContain('the keys are');
    expect(answers[4]).toMatchObject({ correlationId: 'single', joined: true });
    const [one, other] = answers.slice(6);
    expect(one?.correlationId).toBe(other?.correlationId);
    expect([one?.joined, other?.joined].sort()).toEqual([false, true]);
    for (const id of ['many-1', answers[1]?.correlationId]) {
      const ended = await service.api.status(String(id), { prefer: 'wait=25' });
      expect(ended.body).toMatchObject({ status: 'ok' });
    }
    // A single start that asks for the same joins one of many.
    const again = await service.api.start('counted', { number: 1 }, { correlationId: 'many-1' });
    expect(again.status).toBe(200);
  });

  it('are up to 1,000, which all end', async () => {
    const answers = await startMany(Array.from({ length: 1_000 }, (_, at) => counted(at)));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1_000);
    const ids = new Set(answers.map(({ correlationId }) => correlationId));
    expect(ids.size).toBe(1_000);
    await until(
      async () => {
        const { body } = await service.api.get('/api/process?status=pending&limit=1');
        return body.processes.length === 0;
      },
      'all have ended',
      150_000,
    );
  });

  it('are refused as a whole, with nothing written, when the body is not valid', async () => {
    const post = (json: object) => service.api.post('/api/process/start-many', { json });
    expectProblem(await post({ starts: [] }), 'invalid-request');
    const wrong = await post({ starts: [counted(1, { correlationId: 'never' }), { of: 'what' }] });
    expectProblem(wrong, 'invalid-request', /starts\.1/);
    expect((await service.api.status('never')).status).toBe(404);
    const many = Array.from({ length: 1_001 }, (_, at) => counted(at));
    expectProblem(await post({ starts: many }), 'invalid-request');
  });
});

describe('many starts while the service is full', () => {
  it('are accepted one by one, as far as there is room', async () => {
    const service = await startTestService({ PENDING_MAX: '3' });
    try {
      const start = { processKey: 'gated', variables: { gate: 'never' } };
      const json = { starts: Array.from({ length: 5 }, () => start) };
      const { body } = await service.api.post('/api/process/start-many', { json });
      const { answers } = body as unknown as { answers: Answer[] };
      expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 503, 503]);
      expect(answers[4]?.problem?.detail).toContain('3 pending processes');
    } finally {
      await service.stop();
    }
  });
});
