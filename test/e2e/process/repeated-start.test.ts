import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashJson } from '../../../domain/process/request-hash.ts';
import { requested } from '../../support/events.ts';
import { COERCING_PROCESSES } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const ASYNC = { prefer: 'respond-async' };

describe('a start that is sent again', () => {
  let parts: Parts;
  beforeAll(async () => {
    parts = await startParts(undefined, { processesDir: COERCING_PROCESSES });
  });
  afterAll(() => parts?.stop());

  const start = (correlationId: string, variables: object, headers = {}) =>
    parts.api.start('rent-boat', variables, { correlationId }, { ...ASYNC, ...headers });
  const sendText = (body: string) =>
    parts.api.post('/api/process/start', {
      body,
      headers: { 'content-type': 'application/json', ...ASYNC },
    });

  it('is a conflict with another value, whatever the schema makes of the two', async () => {
    const dated = (from: string) => start('dated', { from, ticket: 'T1' });
    expect((await dated('2026-12-01')).status).toBe(202);
    expect((await dated('2026-12-01')).status).toBe(202);
    const other = await dated('2026-12-24');
    expect(other.status).toBe(409);
    expectProblem(other, 'conflict');
    // The same day in other words is another request, too: what was sent is compared.
    expect((await dated('2026-12-01T00:00:00Z')).status).toBe(409);
  });

  it('is the same start when the schema gives each request a default of its own', async () => {
    for (let nth = 0; nth < 3; nth++) {
      expect((await start('defaulted', { from: '2026-12-01' })).status).toBe(202);
    }
    expect(await parts.database.eventStore.readStream('defaulted')).toHaveLength(1);
    expect((await start('defaulted', { from: '2026-12-01', ticket: 'mine' })).status).toBe(409);
    const key = { 'idempotency-key': 'the same' };
    const body = { processKey: 'rent-boat', variables: { from: '2026-12-01' } };
    const first = await parts.api.post('/api/process/start', {
      json: body,
      headers: { ...ASYNC, ...key },
    });
    const second = await parts.api.post('/api/process/start', {
      json: body,
      headers: { ...ASYNC, ...key },
    });
    expect(second.body.correlationId).toBe(first.body.correlationId);
  });

  it('is the same start when its JSON is written otherwise', async () => {
    const texts = [
      '{"processKey":"rent-boat","correlationId":"written","variables":{"from":1000,"berth":"7"}}',
      '{ "variables" : { "berth" : "\\u0037", "from" : 1e3 } , "correlationId":"written", "processKey":"rent-boat" }',
      '{"processKey":"rent-boat","correlationId":"written","variables":{"from":1000.0,"berth":"7"}}',
    ];
    for (const text of texts) expect((await sendText(text)).status, text).toBe(202);
    const other = texts[0]?.replace('"7"', '7') ?? '';
    expect((await sendText(other)).status, 'a number is no text').toBe(409);
  });

  it('keeps a bigint that the schema made as the text of its digits', async () => {
    const berth = '123456789012345678901234567890';
    expect((await start('big', { from: '2026-12-01', berth })).status).toBe(202);
    const [event] = await parts.database.eventStore.readStream('big');
    expect(event?.data).toMatchObject({ variables: { berth } });
    expect(event?.identity.identifiers).toEqual({ berth });
  });

  it('is refused when the schema turns it into what JSON cannot hold', async () => {
    const infinite = await start('infinite', { from: '2026-12-01', ratio: '0' });
    expect(infinite.status).toBe(400);
    expectProblem(infinite, 'invalid-variables', /^variables\.ratio: is Infinity/);
    const half = await start('half', { from: '2026-12-01', initial: '😀' });
    expect(half.status).toBe(400);
    expectProblem(half, 'invalid-variables', /^variables\.initial: is text that is not Unicode/);
  });

  it('joins a process whose hash an older release computed from the output of the schema', async () => {
    const body = { processKey: 'rent-boat', correlationId: 'older' };
    const variables = { from: '2026-12-01', ticket: 'T1' };
    // As that release did: a date was an object without fields.
    const requestHash = hashJson({ ...body, variables: { from: {}, ticket: 'T1' } });
    const event = requested();
    await parts.database.eventStore.append('older', [
      { ...event, processName: 'rent-boat', data: { variables, requestHash } } as typeof event,
    ]);
    expect((await start('older', variables)).status).toBe(202);
    expect((await start('older', { ...variables, ticket: 'T2' })).status).toBe(409);
  });
});
