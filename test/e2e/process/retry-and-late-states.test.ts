import { afterEach, describe, expect, it } from 'vitest';
import { fold } from '../../../domain/process/process-state.ts';
import { until } from '../../support/children.ts';
import { broken, completed, retried } from '../../support/events.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('late states after a retry', () => {
  let parts: Parts | undefined;
  afterEach(async () => {
    await parts?.stop();
    parts = undefined;
  });

  /** A process that has failed, and an instance of the service that knows it from the database only. */
  async function failed(correlationId: string): Promise<Parts> {
    const opened = await startParts();
    parts = opened;
    await opened.api.start('instant', ada, { correlationId }, ASYNC);
    await opened.database.eventStore.append(correlationId, [broken()]);
    await opened.database.processStore.project(correlationId);
    return opened;
  }
  const retry = (correlationId: string, headers: Record<string, string>) =>
    (parts as Parts).api.post(`/api/process/${correlationId}/retry`, { headers });

  it('G7: leave the status pending from the moment the retry is taken, though nothing is projected', async () => {
    const { api } = await failed('r1');
    expect((await api.status('r1')).body).toMatchObject({ status: 'error', version: 2 });
    expect((await retry('r1', ASYNC)).status).toBe(202);
    const { status, body, headers } = await api.status('r1');
    expect([status, body.version, headers.get('etag')]).toEqual([202, 3, '"3"']);
  });

  it('G6: wake no waiter for the new end when the old end comes again', async () => {
    const { waitroom, database, advance } = await failed('r2');
    const old = await database.processStore.get('r2');
    const answer = retry('r2', { prefer: 'wait=20' });
    await until(() => waitroom.size() === 1, 'it waits');
    await until(async () => (await database.eventStore.readStream('r2')).length === 3, 'retried');
    if (old) waitroom.notify(old);
    await advance('r2', completed({ late: false }));
    expect((await answer).body).toMatchObject({ status: 'ok', result: { late: false } });
  });

  it('give a long poll that the old end wakes the current state', async () => {
    const { waitroom, database, api } = await failed('r3');
    const old = fold(await database.eventStore.readStream('r3'));
    await database.eventStore.append('r3', [retried()]);
    const poll = api.status('r3', { prefer: 'wait=20' });
    await until(() => waitroom.size() === 1, 'it waits');
    // The look-up is behind it by then, or it reads what comes: both answers are pending.
    if (old) waitroom.notify(old);
    const { status, body } = await poll;
    expect([status, body.status, body.version]).toEqual([202, 'pending', 3]);
  });
});
