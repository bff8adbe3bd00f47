import autocannon from 'autocannon';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../support/children.ts';
import { startServiceProcess } from '../support/commands.ts';
import { createFolder, expectWhole, queryValue, readStreams } from '../support/service.ts';
import { expectProblem } from '../support/service-api.ts';
import { startEngineBehindProxy } from '../support/service-engine.ts';
import { recordedRuns } from '../support/service-recorder.ts';

const ASYNC = { prefer: 'respond-async' };
const LIMIT = 50;
/** The starts of the flood, and the connections that send them without a pause. A slow answer is no error. */
const FLOOD = { amount: 1_000, connections: 64, timeout: 170 };

describe('a flood of starts', () => {
  const cleanup: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const step of cleanup.splice(0).reverse()) await step();
  });

  it.each(['BACKLOG_MAX', 'PENDING_MAX'])(
    'G14: with %s the service refuses starts of a flood early, ends each accepted process once, and accepts starts again',
    async (name) => {
      const folder = createFolder();
      cleanup.push(folder.remove);
      const engine = await startEngineBehindProxy(`${folder.path}/engine.db`);
      cleanup.push(engine.stop);
      const service = await startServiceProcess(folder, {
        [name]: String(LIMIT),
        CAMUNDA_BASE_URL: engine.url,
        SHUTDOWN_TIMEOUT_MS: '60000',
      });
      cleanup.push(() => service.kill('SIGKILL'));
      const countPending = (where: string) =>
        queryValue(folder, `SELECT COUNT(*) FROM process_store WHERE status = 'pending' ${where}`);
      const startOne = async (correlationId: string) =>
        service.api.start('counted', { number: 2 }, { correlationId }, ASYNC);

      // Accepted before the flood: the limits must not refuse its steps and its result.
      const held = { correlationId: 'held' };
      expect((await service.api.start('gated', { gate: 'held' }, held, ASYNC)).status).toBe(202);
      await until(() => recordedRuns(folder.path).length === 1, 'it runs');
      // What is accepted now is not started, and stays: whether the limit is reached is no matter of pace.
      engine.swallow(/\/process-definition\/key\/.*\/start$/);

      const flood = await autocannon({
        url: `${service.url}/api/process/start`,
        method: 'POST',
        headers: { 'content-type': 'application/json', ...ASYNC },
        body: JSON.stringify({ processKey: 'counted', variables: { number: 1 } }),
        ...FLOOD,
      });
      expect(flood.errors + flood.timeouts).toBe(0);
      expect(Object.keys(flood.statusCodeStats ?? {}).sort()).toEqual(['202', '503']);
      const accepted = flood['2xx'];
      expect(accepted).toBeLessThanOrEqual(LIMIT);

      // The flood may have left some room: a start may count twice until the next poll.
      let probes = 0;
      const refusal = await until(async () => {
        const answer = await startOne(`probe-${probes}`);
        if (answer.status === 503) return answer;
        probes++;
        return null;
      }, 'starts are refused');
      expect(accepted + probes).toBeLessThanOrEqual(LIMIT);
      expectProblem(refusal, 'overloaded', /nothing was written/);
      expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
      folder.open('held');
      await until(
        () => countPending("AND correlation_id = 'held'") === 0,
        'the held process has ended',
      );

      engine.swallow(null);
      // Calls that were swallowed get an error now, and are made again.
      engine.down();
      engine.up();
      await until(() => countPending('') === 0, 'what was accepted has ended');
      await until(
        async () => (await startOne('afterwards')).status === 202,
        'starts are accepted again',
      );
      await until(async () => (await service.api.status('afterwards')).status === 200, 'it ends');
      service.kill('SIGTERM');
      expect(await service.ended).toBe(0);
      const streams = await readStreams(folder);
      // Also the held process, and the one afterwards.
      expect(streams).toHaveLength(accepted + probes + 2);
      expectWhole(streams);
    },
  );
});
