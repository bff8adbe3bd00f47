import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  catchMessage,
  end,
  flows,
  onTimer,
  parallel,
  start,
  task,
} from '../../support/bpmn/model.ts';
import { callActivity, extension, taskWith, userTask } from '../../support/bpmn/notation.ts';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { openReconcileWorld, type ReconcileWorld } from '../../support/reconcile-world.ts';
import { needy } from '../embedded-engine/job-rig.ts';

const CHECK = userTask('check');

describe.each(await portKinds())('what waits for people on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let world: ReconcileWorld;
    beforeAll(async () => {
      world = await openReconcileWorld(kind);
    });
    afterAll(() => world?.close());

    async function run(...elements: string[]): Promise<string> {
      return (await world.run(await world.deploy(...elements))).instanceId;
    }
    /** A user task, and something beside it. */
    const beside = (id: string, element: string): Promise<string> =>
      run(
        ...[
          start(),
          parallel('fork'),
          CHECK,
          element,
          end(),
          flows('start', 'fork', 'check', 'end'),
        ],
        flows('fork', id, 'end'),
      );
    const waits = (...ids: string[]) => world.engine.findWaitingForPeople(ids);

    it('is an instance whose user task is open, whatever event may come as well', async () => {
      const alone = await run(start(), CHECK, end(), flows('start', 'check', 'end'));
      const late = await run(
        ...[start(), CHECK, onTimer('late', 'check', 'P9D'), end(), flows('start', 'check', 'end')],
        flows('late', 'end'),
      );
      const message = await beside('heard', catchMessage('heard', 'go-on'));
      const ids = [alone, late, message];
      expect((await waits(...ids)).sort()).toEqual(ids.sort());
    });

    it('is no instance that a worker should do something for', async () => {
      const worker = await run(start(), task('work'), end(), flows('start', 'work', 'end'));
      const both = await beside('work', task('work'));
      const message = await run(
        ...[start(), catchMessage('heard', 'go-on'), end(), flows('start', 'heard', 'end')],
      );
      expect(await waits(worker, both, message)).toEqual([]);
      await world.report(both, 'work', 'complete');
      expect(await waits(worker, both, message)).toEqual([both]);
    });

    it('is no instance with a job that has failed', async () => {
      const failed = await beside(
        'work',
        taskWith('work', extension(needy), 'camunda:asyncBefore="true"'),
      );
      await until(async () => (await world.engine.findIncidents([failed])).length > 0, 'it failed');
      expect(await waits(failed)).toEqual([]);
    });

    it('is an instance that called one which does, however deep', async () => {
      const checking = await world.deploy(start(), CHECK, end(), flows('start', 'check', 'end'));
      const working = await world.deploy(
        start(),
        task('work'),
        end(),
        flows('start', 'work', 'end'),
      );
      const calling = (called: string) => [
        ...[start(), callActivity('call', called), end()],
        flows('start', 'call', 'end'),
      ];
      const between = await world.deploy(...calling(checking));
      const deep = await run(...calling(between));
      const worker = await run(...calling(working));
      expect(await waits(deep, worker)).toEqual([deep]);
    });

    it('is found for many in a few calls', async () => {
      const key = await world.deploy(start(), CHECK, end(), flows('start', 'check', 'end'));
      const runs = await Promise.all(Array.from({ length: 30 }, () => world.run(key)));
      const ids = runs.map(({ instanceId }) => instanceId);
      expect((await waits(...ids, 'gone')).sort()).toEqual(ids.sort());
      expect(await waits()).toEqual([]);
    });
  });
});
