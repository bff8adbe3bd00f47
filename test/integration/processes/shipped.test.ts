import { randomUUID } from 'node:crypto';
import BetterSqlite3 from 'better-sqlite3';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { EventRow } from '../../../infrastructure/sql/columns.ts';
import { type Partner, startPartner } from '../../../src/cli/partner-service.ts';
import { databaseFile } from '../../../src/composition/database/database-target.ts';
import { readConfig } from '../../../src/config.ts';
import { type Service, startService } from '../../../src/service.ts';
import { until } from '../../support/children.ts';
import { temporaryFolder } from '../../support/databases.ts';

const answerSchema = z.looseObject({
  correlationId: z.string(),
  status: z.union([z.string(), z.number()]),
  result: z.record(z.string(), z.unknown()).optional(),
  code: z.string().optional(),
  step: z.string().nullish(),
});

/** A row of a step's success; the times and the rest of the row are checked for all. */
const step = (
  step_name: string,
  number: number,
  target_system: string,
  path: string | null,
  more: Partial<EventRow> = {},
) => ({
  step_name,
  step: number,
  target_system,
  event_type: 'step-completed',
  status: 'ok',
  http_method: path === null ? null : 'POST',
  endpoint: path,
  http_status_code: 200,
  ...more,
});

describe('among the shipped processes, embedded,', () => {
  const folder = temporaryFolder();
  let partner: Partner;
  let service: Service;
  let db: BetterSqlite3.Database;
  beforeAll(async () => {
    partner = await startPartner({ port: 0 });
    const config = readConfig({ DATA_DIR: folder.path, PORT: '0', LONG_POLL_MS: '200' });
    const env = { PARTNER_URL: partner.url };
    service = await startService(config, pino({ level: 'silent' }), env);
    db = new BetterSqlite3(databaseFile(config), { readonly: true });
  });
  afterAll(async () => {
    db?.close();
    await service?.stop();
    await partner?.stop();
    folder.remove();
  });

  /** Starts a process and waits for its end; the answer and its rows. */
  async function run(processKey: string, variables: object) {
    const correlationId = `test-${randomUUID()}`;
    const response = await fetch(`${service.url}/api/process/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'wait=18' },
      body: JSON.stringify({ processKey, correlationId, variables }),
    });
    const answer = answerSchema.parse(await response.json());
    const rows = db
      .prepare<[string], EventRow>(
        'SELECT * FROM event_log WHERE correlation_id = ? ORDER BY version',
      )
      .all(correlationId);
    expect(answer.correlationId).toBe(correlationId);
    for (const [index, row] of rows.entries()) {
      expect(row).toMatchObject({
        version: index + 1,
        process_name: processKey,
        schema_version: 4,
      });
      expect(row.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      // People take their time, which is not measured.
      if (row.step !== null && row.actor === null)
        expect(row.execution_time).toBeGreaterThanOrEqual(0);
    }
    const begin = rows.filter((row) => /^process-(requested|started)$/.test(row.event_type));
    expect(begin.map((row) => row.event_type)).toEqual(['process-requested', 'process-started']);
    // The courier's call is recorded once the engine has it, which may be behind the step that follows.
    const delivered = rows.filter((row) => row.event_type === 'message-delivered');
    return {
      http: response.status,
      answer,
      rows: rows.filter((row) => !begin.includes(row) && !delivered.includes(row)),
      begin,
      delivered,
    };
  }

  const onboard = (email: string) => run('onboard-user', { userId: '42', email });
  const validated = step('validate-user-information', 1, 'CamundaEngine', null, {
    result: 'User information validated',
  });
  const checked = () =>
    step('run-background-check', 2, 'BackgroundCheck', `${partner.url}/background-checks`, {
      result: 'Background check passed',
    });
  /** The rows that follow a refusal of `failed`. */
  const refusedBy = (code: string, message: string) => [
    step('handle-error', 5, 'CamundaEngine', null, { result: 'Refusal recorded' }),
    {
      event_type: 'process-failed',
      step_name: 'process-failed',
      step: null,
      status: 'error',
      error_message: expect.stringContaining(message),
      metadata: expect.stringContaining(code),
    },
  ];

  it('onboard-user succeeds', async () => {
    const { http, answer, rows, begin } = await onboard('Ada@Example.com');
    expect(http).toBe(200);
    expect(answer).toMatchObject({
      status: 'ok',
      result: { message: 'Welcome, ada', userId: '42', email: 'ada@example.com' },
    });
    expect(begin[0]).toMatchObject({
      http_method: 'POST',
      endpoint: '/api/process/start',
      identifiers: '{"userId":"42"}',
      request_data: '{"userId":"42","email":"Ada@Example.com"}',
    });
    expect(rows).toMatchObject([
      validated,
      checked(),
      step('call-onboarding-api', 3, 'Onboarding', `${partner.url}/accounts`, {
        http_status_code: 201,
        result: 'Account opened',
        identifiers: '{"userId":"42"}',
        response_data: expect.stringMatching(/^\{"accountId":"acc-\d+"\}$/),
      }),
      step('prepare-response', 4, 'CamundaEngine', null, { result: 'Response prepared' }),
      { event_type: 'process-completed', step: null, response_data: JSON.stringify(answer.result) },
    ]);
  });

  it.each([
    [
      'refused by the check',
      'refused@example.com',
      'BACKGROUND_CHECK_REFUSED',
      'run-background-check',
      2,
      200,
    ],
    [
      'with an account already',
      'taken@example.com',
      'ACCOUNT_EXISTS',
      'call-onboarding-api',
      3,
      409,
    ],
    [
      'with an invalid address',
      'ada@nowhere.invalid',
      'EMAIL_NOT_DELIVERABLE',
      'validate-user-information',
      1,
      422,
    ],
  ])('onboard-user refuses a user %s', async (_what, email, code, failed, number, httpStatus) => {
    const { http, answer, rows } = await onboard(email);
    expect(http).toBe(422);
    expect(answer).toMatchObject({ code, step: failed });
    const before = [validated, checked()].slice(0, number - 1);
    expect(rows).toMatchObject([
      ...before,
      {
        event_type: 'step-failed',
        status: 'error',
        step_name: failed,
        step: number,
        http_status_code: httpStatus,
        metadata: expect.stringContaining('"kind":"business"'),
      },
      ...refusedBy(code, ''),
    ]);
  });

  it('onboard-user retries a flaky partner until it answers, each attempt an event', async () => {
    const { http, rows } = await onboard('flaky@example.com');
    expect(http).toBe(200);
    const attempts = rows.filter((row) => row.step_name === 'run-background-check');
    expect(attempts).toMatchObject([
      {
        event_type: 'step-failed',
        http_status_code: 503,
        metadata: expect.stringMatching(/"attempt":1.*"retriesLeft":3,"retryIn":200/),
      },
      {
        event_type: 'step-failed',
        http_status_code: 503,
        metadata: expect.stringMatching(/"attempt":2.*"retriesLeft":2,"retryIn":400/),
      },
      { ...checked(), metadata: expect.stringContaining('"attempt":3') },
    ]);
  });

  it('onboard-user ends with 502, as a technical failure, when a partner stays down', async () => {
    const { http, answer, rows } = await onboard('down@example.com');
    expect(http).toBe(502);
    expect(answer).toMatchObject({ code: 'REMOTE_503', step: 'call-onboarding-api' });
    const attempts = rows.filter((row) => row.step_name === 'call-onboarding-api');
    expect(attempts.map((row) => row.http_status_code)).toEqual([503, 503, 503, 503]);
    expect(rows.at(-1)).toMatchObject({
      event_type: 'process-failed',
      metadata: expect.stringContaining('"kind":"technical"'),
    });
  });

  const order = (more: object) =>
    run('fulfil-order', { orderId: '4711', items: [{ sku: 'book', quantity: 2 }], ...more });

  it('fulfil-order runs all branches, waits for its timer, and takes the courier’s message', async () => {
    const { http, answer, rows, delivered } = await order({ amount: 39.9 });
    expect(http).toBe(200);
    expect(delivered).toMatchObject([{ actor: 'local', status: 'ok', http_method: 'POST' }]);
    expect(answer.result).toMatchObject({
      orderId: '4711',
      paymentId: expect.stringMatching(/^pay-/),
      bookingId: expect.stringMatching(/^book-/),
      courier: expect.stringMatching(/^(Kim|Alex|Robin)$/),
    });
    const [reserved, ...rest] = rows;
    expect(reserved).toMatchObject(
      step('reserve-stock', 1, 'Warehouse', `${partner.url}/reservations`),
    );
    const branches = rest.slice(0, 2).sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
    expect(branches).toMatchObject([
      step('charge-payment', 2, 'Payments', `${partner.url}/payments`),
      step('book-courier', 3, 'Courier', `${partner.url}/bookings`),
    ]);
    expect(rest.slice(2)).toMatchObject([
      step('confirm-order', 4, 'CamundaEngine', null),
      { event_type: 'process-completed' },
    ]);
    const between = Date.parse(rest[2]?.created_at ?? '') - Date.parse(reserved?.created_at ?? '');
    expect(between, 'the timer of three seconds').toBeGreaterThanOrEqual(2_900);
  });

  // A slow machine may need as long as the timer; three times in a row it does not.
  it('fulfil-order does not wait for the timer with an express order', { retry: 2 }, async () => {
    const { http, rows } = await order({ amount: 39.9, express: true });
    expect(http).toBe(200);
    const [first, last] = [rows[0], rows.at(-1)];
    expect(Date.parse(last?.created_at ?? '') - Date.parse(first?.created_at ?? '')).toBeLessThan(
      2_900,
    );
  });

  it('fulfil-order ends the other branches too when a payment is refused', async () => {
    const { http, answer, rows } = await order({ amount: 1_000.01 });
    expect(http).toBe(422);
    expect(answer).toMatchObject({ code: 'PAYMENT_REFUSED', step: 'charge-payment' });
    const own = rows.filter((row) => row.step_name !== 'book-courier');
    expect(own).toMatchObject([
      { step_name: 'reserve-stock' },
      { step_name: 'charge-payment', event_type: 'step-failed', http_status_code: 200 },
      step('refuse-order', 5, 'CamundaEngine', null),
      { event_type: 'process-failed', metadata: expect.stringContaining('PAYMENT_REFUSED') },
    ]);
    const state = db
      .prepare<[string], string>('SELECT state FROM engine_process_instance WHERE business_key = ?')
      .pluck();
    await until(() => state.get(answer.correlationId) === 'COMPLETED', 'the instance ends');
  });

  it.each([
    [true, 200, { status: 'ok', result: { purchaseId: '4711', comment: 'fine' } }],
    [false, 422, { code: 'PURCHASE_REFUSED', step: null }],
  ])('approve-purchase waits for a buyer, who decides %s', async (approved, http, answered) => {
    const variables = { purchaseId: '4711', item: 'A desk', amount: 320, requestedBy: 'Kim' };
    const ended = run('approve-purchase', variables);
    const list = `${service.url}/api/tasks?candidateGroup=buyers&process=approve-purchase`;
    const [task] = await until(async () => {
      const { tasks } = (await (await fetch(list)).json()) as { tasks: { id: string }[] };
      return tasks.length > 0 && tasks;
    }, 'the task is open');
    const completed = await fetch(`${service.url}/api/tasks/${task?.id}/complete`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ variables: { approved, comment: 'fine' } }),
    });
    expect(completed.status).toBe(200);
    const { http: status, answer, rows } = await ended;
    expect([status, answer]).toMatchObject([http, answered]);
    expect(rows[0]).toMatchObject({ step_name: 'approve-purchase', step: 1, actor: 'local' });
  });
});
