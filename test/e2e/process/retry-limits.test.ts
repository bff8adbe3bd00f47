import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../support/children.ts';
import { broken } from '../../support/events.ts';
import { expectProblem } from '../../support/service-api.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const ada = { userId: '42', email: 'ada@example.com' };
const ASYNC = { prefer: 'respond-async' };

describe('a retry while no more callers may wait', () => {
  let parts: Parts | undefined;
  afterEach(async () => {
    await parts?.stop();
    parts = undefined;
  });

  it('is answered 503 with nothing written, and accepted from a caller who does not wait', async () => {
    parts = await startParts(undefined, { config: { WAITERS_MAX: 1 } });
    const { api, database, waitroom, beginStop } = parts;
    await api.start('instant', ada, { correlationId: 'pending' }, ASYNC);
    await api.start('instant', ada, { correlationId: 'failed' }, ASYNC);
    await database.eventStore.append('failed', [broken()]);
    const poll = api.status('pending', { prefer: 'wait=20' });
    await until(() => waitroom.size() === 1, 'a caller waits');

    const url = '/api/process/failed/retry';
    const refused = await api.post(url);
    expect(refused.status).toBe(503);
    expectProblem(refused, 'overloaded', /limit of 1 waiting callers/);
    expect(await database.eventStore.readStream('failed')).toHaveLength(2);
    expect((await api.post(url, { headers: ASYNC })).status).toBe(202);
    expect(await database.eventStore.readStream('failed')).toHaveLength(3);

    beginStop();
    expect((await poll).status).toBe(202);
  });
});
