import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { endWithUs, freePort, until } from '../../support/children.ts';
import { builtFile } from '../../support/commands.ts';
import { embeddedEngine, portKinds } from '../../support/engines.ts';
import { plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

describe.each(await portKinds())(
  'the flow of tasks from $name',
  ({ available, isDirect, open }) => {
    describe.skipIf(!available)('through a worker', () => {
      let rig: WorkerRig;
      useWorkerRig(open, (opened) => {
        rig = opened;
      });

      const finished = (instanceId: string) =>
        until(async () => (await rig.api.state(instanceId)) === 'COMPLETED', 'the instance ends');

      /** Counts the locks that are extended from here on. */
      function extensionsFromNow(): () => number {
        const from = rig.proxy.calls.length;
        return () =>
          rig.proxy.calls.slice(from).filter(({ path }) => path.endsWith('/extendLock')).length;
      }

      const lockExpiry = async (instanceId: string) =>
        (await rig.api.tasks(instanceId))[0]?.lockExpirationTime;

      /** A process of one step whose handler waits for its gate, or for its signal where it heeds it. */
      async function gated() {
        const gates: (() => void)[] = [];
        const aborted: unknown[] = [];
        let active = 0;
        let most = 0;
        const definition = await rig.process({
          steps: (step) => [
            step({
              ...plain('work'),
              ends: 'ok',
              async handle(_input, { signal }) {
                most = Math.max(most, ++active);
                await new Promise<void>((resolve) => {
                  gates.push(resolve);
                  signal.addEventListener('abort', () => aborted.push(signal.reason));
                });
                active--;
                return {};
              },
            }),
          ],
        });
        return { definition, gates, aborted, most: () => most };
      }

      it('runs as many handlers at once as allowed, and never more', async () => {
        const warnings: Error[] = [];
        const warned = (warning: Error): void => void warnings.push(warning);
        process.on('warning', warned);
        const { definition, gates, most } = await gated();
        const started = await Promise.all(Array.from({ length: 16 }, () => rig.start(definition)));
        const extended = extensionsFromNow();
        rig.work(definition, { concurrency: 12, lockDurationMs: 2_000 });
        await until(() => gates.length === 12, 'twelve handlers at once');
        // Directly, it takes all that it takes at once.
        await until(() => isDirect || extended() > 0, 'the time in which it could have taken more');
        expect(gates).toHaveLength(12);
        for (let opened = 0; opened < 16; opened++) {
          await until(() => gates.length > opened, 'the next handler');
          gates[opened]?.();
        }
        for (const { correlationId } of started) await rig.ended(correlationId);
        expect(most()).toBe(12);
        expect(gates).toHaveLength(16);
        expect(warnings, 'what Node warns of').toEqual([]);
        process.off('warning', warned);
      });

      it.skipIf(isDirect)(
        'extends a lock for as long as its handler runs, so that no other worker gets the task',
        async () => {
          const { definition, gates } = await gated();
          const { correlationId } = await rig.start(definition);
          rig.work(definition, { lockDurationMs: 2_000 });
          await until(() => gates.length === 1, 'the handler runs');
          rig.work(definition, { tasks: rig.unproxied, lockDurationMs: 2_000, longPollMs: 100 });
          const extended = extensionsFromNow();
          // Three for each lock: that is longer than the lock.
          await until(() => extended() >= 4, 'the lock is extended again and again');
          expect(gates).toHaveLength(1);
          gates[0]?.();
          await rig.ended(correlationId);
          expect(gates).toHaveLength(1);
        },
      );

      it('G12: lets a step that runs at the stop finish, with its journal entry and report', async () => {
        const { definition, gates, aborted } = await gated();
        const { correlationId, instanceId } = await rig.start(definition);
        const worker = rig.work(definition);
        await until(() => gates.length === 1, 'the handler runs');
        const stopped = worker.stop(10_000);
        gates[0]?.();
        await stopped;
        expect(await rig.ended(correlationId)).toBeTruthy();
        await finished(instanceId);
        expect(aborted).toEqual([]);
      });

      it('G12: signals a step that does not finish in time, and gives its task to another worker', async () => {
        const { definition, gates, aborted } = await gated();
        const { correlationId } = await rig.start(definition);
        const worker = rig.work(definition, { lockDurationMs: 600_000 });
        await until(() => gates.length === 1, 'the handler runs');
        await worker.stop(50);
        expect(aborted).toMatchObject([{ message: 'the worker stops' }]);
        expect(await rig.rows(correlationId)).toEqual([]);
        rig.work(definition);
        await until(
          () => gates.length === 2,
          'the other worker has it, long before its lock runs out',
        );
        gates[1]?.();
        const events = await rig.ended(correlationId);
        expect(events.at(-2)?.data).toMatchObject({ attempt: 1 });
      });

      it.skipIf(isDirect)(
        'G12: gives a task back that an open poll brings during the stop',
        async () => {
          const { definition, gates } = await gated();
          const from = rig.proxy.calls.length;
          const since = (end: string) =>
            rig.proxy.calls.slice(from).some(({ path }) => path.endsWith(end));
          const worker = rig.work(definition, { longPollMs: 10_000, lockDurationMs: 600_000 });
          await until(() => since('/fetchAndLock'), 'the poll is open');
          const stopped = worker.stop(20_000);
          const { correlationId } = await rig.start(definition);
          await stopped;
          expect(since('/unlock')).toBe(true);
          expect(gates).toEqual([]);
          rig.work(definition);
          await until(() => gates.length === 1, 'another worker has it');
          gates[0]?.();
          await rig.ended(correlationId);
        },
      );

      it('G12: leaves the lock of the worker that has it now to that worker', async () => {
        const { definition, gates } = await gated();
        rig.proxy.intercept(({ path }) => (path.endsWith('/extendLock') ? 'lose-request' : 'pass'));
        const { instanceId } = await rig.start(definition);
        const first = rig.work(definition, { lockDurationMs: 1_000, concurrency: 1 });
        await until(() => gates.length === 1, 'the first worker has it');
        await rig.loseLock(instanceId);
        rig.work(definition, { tasks: rig.unproxied });
        await until(() => gates.length === 2, 'the second worker has it');
        const [owned] = await rig.api.tasks(instanceId);
        rig.proxy.intercept(() => 'pass');
        await first.stop(0);
        expect(await rig.api.tasks(instanceId)).toEqual([owned]);
        gates[1]?.();
        await finished(instanceId);
      });

      it('holds a task back that comes to its own worker again while a run of it is in progress', async () => {
        const { definition, gates, most } = await gated();
        rig.proxy.intercept(({ path }) => (path.endsWith('/extendLock') ? 'lose-request' : 'pass'));
        const { correlationId, instanceId } = await rig.start(definition);
        rig.work(definition, { lockDurationMs: 1_000, longPollMs: 100 });
        await until(() => gates.length === 1, 'the handler runs');
        const from = await lockExpiry(instanceId);
        await rig.loseLock(instanceId);
        await until(
          async () =>
            isDirect ? await lockExpiry(instanceId) : (await lockExpiry(instanceId)) !== from,
          'the task is locked again',
        );
        gates[0]?.();
        await rig.ended(correlationId);
        await finished(instanceId);
        expect([most(), gates.length]).toEqual([1, 1]);
      });

      it.runIf(isDirect)(
        'holds a task without a clock, and hands it out in the turn of its commit',
        async () => {
          const { definition, gates } = await gated();
          rig.work(definition, { concurrency: 2 });
          const { correlationId, instanceId } = await rig.start(definition);
          await until(() => gates.length === 1, 'the handler runs');
          expect(await lockExpiry(instanceId)).toMatch(/^9999-/);
          rig.work(definition);
          expect(rig.proxy.calls.filter(({ path }) => path.endsWith('/extendLock'))).toEqual([]);
          gates[0]?.();
          await rig.ended(correlationId);
          expect(gates).toHaveLength(1);
        },
      );

      it('makes a task without any correlation id an incident', async () => {
        const { definition, gates } = await gated();
        rig.work(definition);
        const { id } = await rig.api.startRaw(definition.key, null, {});
        const [incident] = await until(async () => {
          const found = await rig.api.incidents(id);
          return found.length > 0 && found;
        }, 'an incident');
        expect(incident?.incidentMessage).toContain('correlationId');
        expect(gates).toEqual([]);
      });
    });
  },
);

describe('a worker after its stop', () => {
  it.each(['with the engine there', 'with no engine'])(
    'G12: keeps its process alive by nothing, %s',
    async (how) => {
      const engine = how === 'with no engine' ? undefined : await embeddedEngine().open();
      const url = engine?.url ?? `http://127.0.0.1:${await freePort()}`;
      const script = await builtFile('test/support/programs/worker-process.ts');
      const child = spawn(process.execPath, [script, url], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      endWithUs(child);
      let output = '';
      child.stdout.on('data', (data) => {
        output += String(data);
      });
      await until(() => output.includes(engine ? 'ready' : 'cannot be polled'), 'the worker polls');
      const exited = once(child, 'exit');
      child.stdin.write('stop\n');
      await until(() => output.includes('stopped'), 'the worker has stopped');
      const stoppedAt = Date.now();
      expect(await exited).toEqual([0, null]);
      expect(Date.now() - stoppedAt).toBeLessThan(5_000);
      await engine?.stop();
    },
  );
});
