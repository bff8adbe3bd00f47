import autocannon from 'autocannon';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { startServiceProcess } from '../support/commands.ts';
import { createFolder, expectWhole, queryValue, readStreams } from '../support/service.ts';
import { expectProblem } from '../support/service-api.ts';
import { recordedRuns } from '../support/service-recorder.ts';

const ASYNC = { prefer: 'respond-async' };
/** The starts of the flood, and the connections that send them without a pause. */
const FLOOD = { amount: 3_000, connections: 64 };

describe('a flood of starts', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it.each([
    ['BACKLOG_MAX', '100'],
    ['PENDING_MAX', '100'],
  ])(
    'G14: with %s=%s the service refuses starts of a flood early, ends each accepted process once, and accepts starts again',
    async (name, max) => {
      const folder = createFolder();
      cleanup.push(folder.remove);
      const service = await startServiceProcess(folder, { [name]: max, LOG_LEVEL: 'info' });
      cleanup.push(() => service.kill('SIGKILL'));
      // Accepted before the flood: the limits must not refuse its steps and its result.
      const held = await service.api.start(
        'gated',
        { gate: 'flood' },
        { correlationId: 'held' },
        ASYNC,
      );
      expect(held.status).toBe(202);
      await until(() => recordedRuns(folder.path).length === 1, 'it runs');

      const flood = autocannon({
        url: `${service.url}/api/process/start`,
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'respond-async' },
        body: JSON.stringify({ processKey: 'counted', variables: { number: 1 } }),
        ...FLOOD,
      });
      const refusal = await until(async () => {
        const answer = await service.api.start('counted', { number: 2 }, {}, ASYNC);
        return answer.status === 503 ? answer : null;
      }, 'starts are refused');
      expectProblem(refusal, 'overloaded', /nothing was written/);
      expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
      folder.open('flood');
      const ended = await service.api.status('held', { prefer: 'wait=25' });
      expect(ended.body).toMatchObject({ status: 'ok' });
      const result = await flood;
      expect(result.errors + result.timeouts).toBe(0);
      const statuses = Object.keys(result.statusCodeStats ?? {}).sort();
      expect(statuses).toEqual(['202', '503']);
      const accepted = result['2xx'];
      expect(accepted).toBeLessThan(FLOOD.amount);

      await until(
        () =>
          queryValue(folder, "SELECT COUNT(*) FROM process_store WHERE status = 'pending'") === 0,
        'what was accepted has ended',
      );
      await until(
        async () => (await service.api.start('counted', { number: 3 })).status === 200,
        'starts are accepted again',
      );
      service.kill('SIGTERM');
      expect(await service.ended).toBe(0);
      const streams = await readStreams(folder);
      expect(streams.length).toBeGreaterThan(accepted);
      expectWhole(streams);
    },
  );
});
