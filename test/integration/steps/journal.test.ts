import BetterSqlite3 from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BusinessRuleError } from '../../../domain/common/errors.ts';
import { taskKeyPrefix } from '../../../domain/process/decide.ts';
import { until } from '../../support/children.ts';
import { embeddedEngine, portKinds } from '../../support/engines.ts';
import type { EngineCall, ProxyAction } from '../../support/worker-proxy.ts';
import {
  happened,
  openWorkerRig,
  plain,
  useWorkerRig,
  type WorkerRig,
} from '../../support/worker-rig.ts';

/** The report a call is, or null: `complete`, `failure`, `bpmnError`. */
function reportIn({ path }: EngineCall): { taskId: string; report: string } | null {
  const [, taskId, report] =
    /^\/external-task\/([^/]+)\/(complete|failure|bpmnError)$/.exec(path) ?? [];
  return taskId && report ? { taskId, report } : null;
}

describe.each(await portKinds())('the worker on $name', ({ available, open }) => {
  describe.skipIf(!available)('with its journal', () => {
    let rig: WorkerRig;
    useWorkerRig(open, (opened) => {
      rig = opened;
    });

    it('G2: commits the event of a step before it reports to the engine', async () => {
      let attempts = 0;
      const definition = await rig.process({
        catches: ['refused'],
        errorStep: 'say-so',
        steps: (step) => [
          step({
            ...plain('flaky', 1),
            retry: { attempts: 2, backoff: 1 },
            handle() {
              if (++attempts === 1) throw new Error('not yet');
              return {};
            },
          }),
          step({
            ...plain('refused', 2),
            handle: () => Promise.reject(new BusinessRuleError('NO', 'no')),
          }),
          step({
            ...plain('say-so', 3),
            output: z.object({ code: z.string(), message: z.string() }),
            ends: 'error',
            handle: () => ({ code: 'NO', message: 'no' }),
          }),
        ],
      });
      const seen: string[] = [];
      rig.proxy.intercept(async (call): Promise<ProxyAction> => {
        const found = reportIn(call);
        if (!found) return 'pass';
        // On a connection of its own: what it sees is committed.
        const last = await rig.database
          .knex('event_log')
          .where('dedupe_key', 'like', `${taskKeyPrefix(found.taskId)}%`)
          .orderBy('id', 'desc')
          .first();
        seen.push(`${found.report} after ${last?.event_type ?? 'nothing'} of ${last?.step_name}`);
        return 'pass';
      });
      rig.work(definition);
      const { correlationId } = await rig.start(definition);
      await rig.ended(correlationId);
      await until(() => seen.length === 4, 'four reports');
      expect(seen).toEqual([
        'failure after step-failed of flaky',
        'complete after step-completed of flaky',
        'bpmnError after step-failed of refused',
        'complete after step-completed of say-so',
      ]);
    });

    it.each([
      ['the engine did not get', 'lose-request'],
      ['the engine got, and whose answer was lost', 'lose-answer'],
    ] as const)(
      'G2: does not run the handler again after a completion that %s',
      async (_what, action) => {
        let runs = 0;
        const definition = await rig.process({
          steps: (step) => [
            step({
              ...plain('work', 1),
              output: z.object({ answer: z.number() }),
              handle: () => ({ answer: ++runs }),
            }),
            step({
              ...plain('finish', 2),
              input: z.object({ answer: z.number() }),
              output: z.object({ answer: z.number() }),
              ends: 'ok',
              handle: (input) => input,
            }),
          ],
        });
        let first: string | undefined;
        let lost = 0;
        rig.proxy.intercept((call) => {
          const found = reportIn(call);
          first ??= found?.taskId;
          // Lost as often as one delivery of the task reports it: the engine has to deliver it again.
          return found && found.taskId === first && lost++ < 5 ? action : 'pass';
        });
        rig.work(definition, { lockDurationMs: 1_000 });
        const { correlationId } = await rig.start(definition);
        const events = await rig.ended(correlationId);
        expect(runs).toBe(1);
        expect(events.filter(({ type }) => type === 'step-completed')).toHaveLength(2);
        expect(events.at(-1)).toMatchObject({
          type: 'process-completed',
          data: { result: { answer: 1 } },
        });
      },
    );

    it('G2: completes in a second worker what the first had journaled', async () => {
      const ran: string[] = [];
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('work'),
            output: z.object({ answer: z.number() }),
            ends: 'ok',
            handle: () => ({ answer: ran.push('handler') }),
          }),
        ],
      });
      rig.proxy.intercept((call) => (reportIn(call) ? 'lose-request' : 'pass'));
      const first = rig.work(definition, { lockDurationMs: 1_000 });
      const { correlationId, instanceId } = await rig.start(definition);
      await rig.ended(correlationId);
      await first.stop(5_000);
      rig.work(definition, { tasks: rig.unproxied });
      await until(
        async () => (await rig.api.state(instanceId)) === 'COMPLETED',
        'the instance ends',
      );
      expect(ran).toHaveLength(1);
      expect(await rig.eventStore.readStream(correlationId)).toHaveLength(4);
    });

    it('G2: counts one result of two workers that do a task, one after its lock ran out', async () => {
      const gates: (() => void)[] = [];
      const keys: string[] = [];
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('work'),
            output: z.object({ winner: z.number() }),
            ends: 'ok',
            async handle(_input, { idempotencyKey }) {
              const nth = keys.push(idempotencyKey);
              await new Promise<void>((resolve) => gates.push(resolve));
              return { winner: nth };
            },
          }),
        ],
      });
      // The first worker's lock is never extended, so the second gets the task.
      rig.proxy.intercept(({ path }) => (path.endsWith('/extendLock') ? 'lose-request' : 'pass'));
      rig.work(definition, { lockDurationMs: 1_000, concurrency: 1 });
      const { correlationId, instanceId } = await rig.start(definition);
      await until(() => gates.length === 1, 'the first worker has it');
      await rig.loseLock(instanceId);
      rig.work(definition, { tasks: rig.unproxied });
      await until(() => gates.length === 2, 'the second worker has it');
      rig.log.splice(0);
      gates[0]?.();
      await rig.ended(correlationId);
      await until(
        () => rig.log.some((line) => line.fields.kind === 'gone' && line.level === 'warn'),
        'the first worker hears that it lost the task',
      );
      gates[1]?.();
      await until(
        async () => (await rig.api.state(instanceId)) === 'COMPLETED',
        'the instance ends',
      );
      const events = await rig.eventStore.readStream(correlationId);
      expect(happened(events).map(({ type }) => type)).toEqual([
        'step-completed',
        'process-completed',
      ]);
      expect(events.at(-1)).toMatchObject({ data: { result: { winner: 1 } } });
      expect(new Set(keys).size).toBe(1);
    });

    it('uses one idempotency key in every attempt of a task, and another for every task', async () => {
      const keys: string[] = [];
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('work'),
            retry: { attempts: 3, backoff: 1 },
            output: z.object({}),
            ends: 'ok',
            handle(_input, { idempotencyKey, attempt }) {
              keys.push(idempotencyKey);
              if (attempt < 3) throw new Error('again');
              return {};
            },
          }),
        ],
      });
      rig.work(definition, { concurrency: 1 });
      for (const _ of [1, 2]) await rig.ended((await rig.start(definition)).correlationId);
      expect(keys).toHaveLength(6);
      expect(new Set(keys.slice(0, 3)).size).toBe(1);
      expect(new Set(keys).size).toBe(2);
    });
  });
});

describe('the worker while the database is away', () => {
  it('keeps the result and journals it when the database is back, with one run of the handler', async () => {
    const engine = await embeddedEngine().open();
    const rig = await openWorkerRig(engine);
    const other = new BetterSqlite3(rig.file);
    let runs = 0;
    const definition = await rig.process({
      steps: (step) => [
        step({
          ...plain('work'),
          ends: 'ok',
          handle() {
            runs++;
            other.exec('BEGIN IMMEDIATE');
            return {};
          },
        }),
      ],
    });
    rig.work(definition);
    const { correlationId } = await rig.start(definition);
    await until(
      () => rig.log.some(({ message }) => message.includes('journal cannot be written')),
      'a write is refused',
    );
    expect(await rig.rows(correlationId)).toEqual([]);
    other.exec('ROLLBACK');
    const events = await rig.ended(correlationId);
    expect(runs).toBe(1);
    expect(events.filter(({ dedupeKey }) => dedupeKey?.endsWith('completed'))).toHaveLength(1);
    other.close();
    await rig.close();
    await engine.stop();
  });
});
