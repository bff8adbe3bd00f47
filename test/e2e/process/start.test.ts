import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { countEvents, type TestService, untilRelayed } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { useTestService } from '../../support/use-service.ts';

const ada = { userId: '42', email: 'ada@example.com' };

describe('the call POST /api/process/start', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  it('answers 200 with the result when the process ends well', async () => {
    const answer = await service.api.start('instant', ada, { correlationId: 'start-ok' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: 'ok', correlationId: 'start-ok', result: ada });
    expect(answer.headers.get('preference-applied')).toBeNull();
  });

  it('makes a correlation id when none is given', async () => {
    const [one, two] = await Promise.all([1, 2].map(() => service.api.start('instant', ada)));
    expect(one?.body.correlationId).toMatch(/^[0-9a-f-]{36}$/);
    expect(one?.body.correlationId).not.toBe(two?.body.correlationId);
  });

  it('answers 422 with the refusal, also when nothing in the model catches it', async () => {
    const answer = await service.api.start('troubled', { how: 'business' });
    expect(answer.status).toBe(422);
    expectProblem(answer, 'process-refused', /^The rules do not allow this\.$/);
    expect(answer.body).toMatchObject({ code: 'NOT_ALLOWED', step: 'fail' });
    const { correlationId, statusUrl } = answer.body;
    expect(statusUrl).toBe(`/api/process/status/${correlationId}`);
    expect((await service.api.status(correlationId)).body.error).toEqual({
      kind: 'business',
      code: 'NOT_ALLOWED',
      message: 'The rules do not allow this.',
      step: 'fail',
    });
  });

  it('answers 502 when the retries of a step are used up', async () => {
    const answer = await service.api.start('troubled', { how: 'technical' });
    expect(answer.status).toBe(502);
    expectProblem(answer, 'process-failed', /^the partner cannot be reached$/);
    expect(answer.body).toMatchObject({ code: 'STEP_FAILED', step: 'fail' });
  });

  it('answers 202 at once with respond-async, and says where to look', async () => {
    const prefer = { prefer: 'respond-async' };
    const answer = await service.api.start('gated', { gate: 'async' }, {}, prefer);
    expect(answer.status).toBe(202);
    const { correlationId, statusUrl, status } = answer.body;
    expect(status).toBe('pending');
    expect(statusUrl).toBe(`/api/process/status/${correlationId}`);
    expect(answer.headers.get('location')).toBe(statusUrl);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    service.folder.open('async');
    const end = await service.api.get(statusUrl, { headers: { prefer: 'wait=10' } });
    expect(end.body).toMatchObject({ status: 'ok', result: { gate: 'async' } });
  });

  it('answers 202 when the waiting time of the caller is over', async () => {
    const began = performance.now();
    const answer = await service.api.start('gated', { gate: 'late' }, {}, { prefer: 'wait=1' });
    expect(answer.status).toBe(202);
    expect(answer.headers.get('preference-applied')).toBe('wait=1');
    expect(performance.now() - began).toBeGreaterThan(990);
    service.folder.open('late');
  });

  it('ignores a preference that it does not know or cannot read', async () => {
    for (const prefer of [
      'return=minimal',
      'wait=soon',
      'wait=-1',
      'wait=1.5',
      'x'.repeat(2_000),
    ]) {
      const answer = await service.api.start('instant', ada, {}, { prefer });
      expect(answer.status, prefer).toBe(200);
      expect(answer.headers.get('preference-applied'), prefer).toBeNull();
    }
    const both = await service.api.start('instant', ada, {}, { prefer: 'foo, wait=600; bar' });
    // No longer than the service lets a caller wait.
    expect(both.headers.get('preference-applied')).toBe('wait=25');
  });

  it('gives the same answer to the same start again, and 409 to another one', async () => {
    const body = { correlationId: 'start-twice' };
    const first = await service.api.start('instant', ada, body);
    await untilRelayed(service.folder);
    const events = countEvents(service.folder);
    const again = await service.api.start(
      'instant',
      { email: ada.email, userId: ada.userId },
      body,
    );
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first.body);
    const other = await service.api.start('instant', { ...ada, userId: '43' }, body);
    expect(other.status).toBe(409);
    expectProblem(other, 'conflict', /Use a new one, or read the state/);
    expect(other.body.correlationId).toBe('start-twice');
    expect((await service.api.start('gated', { gate: 'x' }, body)).status).toBe(409);
    expect(countEvents(service.folder)).toBe(events);
  });

  it('repeats refusals and failures too', async () => {
    for (const how of ['business', 'technical']) {
      const body = { correlationId: `again-${how}` };
      const first = await service.api.start('troubled', { how }, body);
      const again = await service.api.start('troubled', { how }, body);
      expect(again.status).toBe(first.status);
      expect(again.body).toEqual(first.body);
    }
  });

  it('takes a start with the same Idempotency-Key for the same start', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const first = await service.api.start('instant', ada, {}, key);
    await untilRelayed(service.folder);
    const events = countEvents(service.folder);
    const again = await service.api.start('instant', ada, {}, key);
    expect(again.status).toBe(200);
    expect(again.body).toEqual(first.body);
    const other = await service.api.start('instant', { ...ada, userId: '43' }, {}, key);
    expect(other.status).toBe(409);
    expect(other.body.correlationId).toBe(first.body.correlationId);
    expect(countEvents(service.folder)).toBe(events);
    // A key of any length counts in full.
    const long = 'k'.repeat(900);
    const [a, b] = await Promise.all(
      ['1', '2'].map((end) =>
        service.api.start('instant', ada, {}, { 'idempotency-key': long + end }),
      ),
    );
    expect(a?.body.correlationId).not.toBe(b?.body.correlationId);
  });

  it('keeps the trace of the caller in every event', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
    const { body } = await service.api.start('instant', ada, {}, { traceparent });
    const { body: trail } = await service.api.get(`/api/process/${body.correlationId}/events`);
    expect(trail.events.length).toBeGreaterThan(2);
    for (const { identity } of trail.events) {
      expect(identity).toMatchObject({ traceabilityId: traceId, traceparent });
    }
  });

  it('makes a trace id when the caller brings none or an invalid one', async () => {
    const invalid = [
      'nonsense',
      '00-00000000000000000000000000000000-b7ad6b7169203331-01',
      'ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      '0'.repeat(500),
    ];
    for (const traceparent of invalid) {
      const { status, body } = await service.api.start('instant', ada, {}, { traceparent });
      expect(status).toBe(200);
      const { body: trail } = await service.api.get(`/api/process/${body.correlationId}/events`);
      expect(trail.events[0]?.identity.traceabilityId).toMatch(/^(?!0{32})(?!0af7)[0-9a-f]{32}$/);
      const { traceabilityId, traceparent: made } = trail.events[0]?.identity ?? {};
      expect(made).toMatch(new RegExp(`^00-${traceabilityId}-(?!0{16})[0-9a-f]{16}-00$`));
    }
  });

  it('keeps the ids of the body, and prefers its trace id to that of the header', async () => {
    const given = {
      batchId: 'batch 7',
      traceabilityId: 'my-trace',
      applicationId: 'crm',
      originatingSystem: 'CRM',
    };
    const { body } = await service.api.start('instant', ada, given, {
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    const { body: trail } = await service.api.get(`/api/process/${body.correlationId}/events`);
    for (const { identity } of trail.events) {
      expect(identity).toMatchObject({ ...given, identifiers: { userId: '42' } });
    }
  });

  it('takes any visible ASCII as correlation id, in body and URL', async () => {
    for (const correlationId of ['a/b?c=d#e&f%20', '~!@$^*()_+|}{":><', 'x'.repeat(255), 'null']) {
      const answer = await service.api.start('instant', ada, { correlationId });
      expect(answer.status, correlationId).toBe(200);
      expect((await service.api.status(correlationId)).body).toMatchObject({ correlationId });
    }
  });
});
