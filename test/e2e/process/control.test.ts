import { describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { countEvents, queryValue, type TestService, untilRelayed } from '../../support/service.ts';
import { expectProblem } from '../../support/service-api.ts';
import { useTestService } from '../../support/use-service.ts';

const ASYNC = { prefer: 'respond-async' };

describe('ending a process, cancelling it and sending it messages', () => {
  let service: TestService;
  useTestService((started) => {
    service = started;
  });

  /** Starts a process whose step waits, and waits until that step runs. */
  async function hold(correlationId: string): Promise<void> {
    await service.api.start('gated', { gate: correlationId }, { correlationId }, ASYNC);
    await until(
      async () => (await service.api.status(correlationId)).body.processInstanceId,
      'the instance runs',
    );
  }
  const complete = (json: object) => service.api.post('/api/process/complete', { json });
  const cancel = (correlationId: string, json?: object) =>
    service.api.post(`/api/process/${correlationId}/cancel`, json ? { json } : {});
  const message = (correlationId: string, messageName: string, variables = {}) =>
    service.api.post(`/api/process/${correlationId}/message`, { json: { messageName, variables } });

  it('completes a process, and wakes its waiters', async () => {
    await hold('complete-1');
    const waiting = service.api.status('complete-1', { prefer: 'wait=20' });
    const result = { shipped: true, at: ['a', 'b'] };
    const answer = await complete({ correlationId: 'complete-1', status: 'ok', result });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ status: 'ok', result });
    expect((await waiting).body).toMatchObject({ status: 'ok', result });
    service.folder.open('complete-1');
  });

  it('ends a process in an error', async () => {
    await hold('complete-2');
    const error = { code: 'OUT_OF_STOCK', message: 'There are no books left.' };
    const { status, body } = await complete({
      correlationId: 'complete-2',
      status: 'error',
      error,
    });
    expect(status).toBe(200);
    expect(body.error).toEqual({ ...error, kind: 'business', step: null });
    service.folder.open('complete-2');
  });

  it('accepts the same end again, refuses another one, and writes nothing for either', async () => {
    await hold('complete-3');
    const ends = { correlationId: 'complete-3', status: 'ok' };
    await complete({ ...ends, result: { a: 1, b: 2 } });
    const before = countEvents(service.folder);
    expect((await complete({ ...ends, result: { b: 2, a: 1 } })).status).toBe(200);
    const other = await complete({ ...ends, result: { a: 2 } });
    expect(other.status).toBe(409);
    expectProblem(other, 'already-ended', /has already ended with status ok/);
    expect((await cancel('complete-3')).status).toBe(409);
    expect(countEvents(service.folder)).toBe(before);
    service.folder.open('complete-3');
  });

  it('answers 404 for a process that was never accepted', async () => {
    const answers = [
      await complete({ correlationId: 'nobody', status: 'ok' }),
      await cancel('nobody'),
      await message('nobody', 'go-on'),
    ];
    for (const answer of answers) {
      expect(answer.status).toBe(404);
      expectProblem(answer, 'not-found', /"nobody" was ever accepted/);
    }
  });

  it('lets one of two simultaneous ends win, and gives the other its outcome', async () => {
    await hold('complete-4');
    const answers = await Promise.all(
      [1, 2, 3, 4].map((at) =>
        complete({ correlationId: 'complete-4', status: 'ok', result: { at } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409]);
    service.folder.open('complete-4');
  });

  it('cancels a process in the engine too; a late step is recorded and changes nothing', async () => {
    await hold('cancel-1');
    const waiting = service.api.status('cancel-1', { prefer: 'wait=20' });
    const answer = await cancel('cancel-1', { reason: 'ordered twice' });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: 'error',
      error: { kind: 'cancelled', code: 'CANCELLED', message: 'ordered twice' },
    });
    expect((await waiting).body).toEqual(answer.body);
    const state = "SELECT state FROM engine_process_instance WHERE business_key = 'cancel-1'";
    await until(
      () => queryValue(service.folder, state) === 'EXTERNALLY_TERMINATED',
      'the instance is gone',
    );
    service.folder.open('cancel-1');
    const events = await until(async () => {
      const { body } = await service.api.get('/api/process/cancel-1/events');
      return body.events.at(-1)?.type === 'step-completed' ? body.events : null;
    }, 'the late step is recorded');
    expect(events.filter(({ type }) => type === 'process-cancelled')).toHaveLength(1);
    const after = await until(async () => {
      const { body } = await service.api.status('cancel-1');
      return body.version === events.length ? body : null;
    }, 'the late step is projected');
    expect(after).toMatchObject({ status: 'error', error: answer.body.error });
    // Cancelled again: it is, so the answer is the same.
    expect((await cancel('cancel-1')).status).toBe(200);
  });

  it('answers a start that waits with 422 when the process is cancelled', async () => {
    const started = service.api.start('gated', { gate: 'x' }, { correlationId: 'cancel-2' });
    await until(
      async () => (await service.api.status('cancel-2')).status === 202,
      'it is accepted',
    );
    await cancel('cancel-2');
    const answer = await started;
    expect(answer.status).toBe(422);
    expectProblem(answer, 'process-cancelled', /cancelled by the caller/);
    service.folder.open('x');
  });

  it('cancels a process whose instance has not been started yet', async () => {
    await service.api.start('gated', { gate: 'y' }, { correlationId: 'cancel-3' }, ASYNC);
    expect((await cancel('cancel-3')).status).toBe(200);
    await untilRelayed(service.folder);
    const running =
      "SELECT COUNT(*) FROM engine_process_instance WHERE business_key = 'cancel-3' AND state = 'ACTIVE'";
    expect(queryValue(service.folder, running)).toBe(0);
    service.folder.open('y');
  });

  it('delivers a message, with its variables, to the process that waits for it', async () => {
    const started = service.api.start('listening', {}, { correlationId: 'message-1' });
    const delivered = await until(async () => {
      const answer = await message('message-1', 'go-on', { word: 'please' });
      // 404 and 409 before it is accepted and listens.
      return answer.status === 204 ? answer : null;
    }, 'the message is taken');
    expect(delivered.text).toBe('');
    expect((await started).body).toMatchObject({ status: 'ok', result: { word: 'please' } });
  });

  it('answers a problem when nothing waits for a message', async () => {
    await hold('message-2');
    const early = await message('message-2', 'go-on');
    expect(early.status).toBe(409);
    expectProblem(early, 'no-receiver', /does not wait for the message "go-on" now/);
    service.folder.open('message-2');
    await service.api.status('message-2', { prefer: 'wait=20' });
    const late = await message('message-2', 'go-on');
    expect(late.status).toBe(409);
    expectProblem(late, 'no-receiver', /has ended and takes no more messages/);
  });
});
