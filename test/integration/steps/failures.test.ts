import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { BusinessRuleError } from '../../../domain/common/errors.ts';
import type { StoredEvent } from '../../../domain/process/events.ts';
import { fold } from '../../../domain/process/process-state.ts';
import { until } from '../../support/children.ts';
import { portKinds } from '../../support/engines.ts';
import { happened, plain, useWorkerRig, type WorkerRig } from '../../support/worker-rig.ts';

const types = (events: readonly StoredEvent[]) => happened(events).map(({ type }) => type);
const failures = (events: readonly StoredEvent[]) =>
  events.flatMap((event) => (event.type === 'step-failed' ? [event] : []));

describe.each(await portKinds())('a failing step on $name', ({ available, open }) => {
  describe.skipIf(!available)('reported and journaled', () => {
    let rig: WorkerRig;
    useWorkerRig(open, (opened) => {
      rig = opened;
    });

    /** Runs a process of the one step `work` to its end. */
    async function runOne(
      more: { timeout?: number; output?: z.ZodObject; input?: z.ZodObject; attempts?: number },
      handle: (signal: AbortSignal) => Promise<object> | object,
      variables = {},
    ) {
      const { attempts = 2, ...schema } = more;
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('work'),
            ...schema,
            retry: { attempts, backoff: 1 },
            handle: (_input, { signal }) => handle(signal) as Record<string, never>,
          }),
        ],
      });
      rig.work(definition);
      const started = await rig.start(definition, variables);
      return { ...started, events: await rig.ended(started.correlationId) };
    }

    it('takes the error path for a refusal with its code, message and step, and ends as business', async () => {
      let atErrorStep: unknown;
      const definition = await rig.process({
        catches: ['check'],
        errorStep: 'refuse',
        steps: (step) => [
          step({
            ...plain('check', 1),
            handle: () => Promise.reject(new BusinessRuleError('TOO_YOUNG', 'must be 18')),
          }),
          step({ ...plain('after', 2), handle: () => ({}) }),
          step({
            ...plain('refuse', 3),
            input: z.object({
              errorCode: z.string(),
              errorMessage: z.string(),
              errorStep: z.string(),
            }),
            output: z.object({ code: z.string(), message: z.string() }),
            ends: 'error',
            handle(input) {
              atErrorStep = input;
              return { code: input.errorCode, message: input.errorMessage };
            },
          }),
        ],
      });
      rig.work(definition);
      const { correlationId, instanceId } = await rig.start(definition);
      const events = await rig.ended(correlationId);
      expect(atErrorStep).toEqual({
        errorCode: 'TOO_YOUNG',
        errorMessage: 'must be 18',
        errorStep: 'check',
      });
      expect(happened(events)).toMatchObject([
        {
          type: 'step-failed',
          step: { name: 'check', number: 1 },
          audit: { httpStatusCode: 422, result: 'check not done' },
          data: { kind: 'business', code: 'TOO_YOUNG', message: 'must be 18', retriesLeft: 0 },
        },
        { type: 'step-completed', step: { name: 'refuse', number: 3 } },
        {
          type: 'process-failed',
          data: {
            kind: 'business',
            code: 'TOO_YOUNG',
            message: 'must be 18',
            failedStep: 'check',
          },
        },
      ]);
      await until(async () => (await rig.api.state(instanceId)) === 'COMPLETED', 'it ends');
    });

    it('ends the process with the code of a refusal that nothing catches', async () => {
      const { events, instanceId } = await runOne({}, () =>
        Promise.reject(new BusinessRuleError('NO', 'just no')),
      );
      expect(types(events)).toEqual(['step-failed', 'process-failed']);
      expect(events.at(-1)?.data).toEqual({
        kind: 'business',
        code: 'NO',
        message: 'just no',
        failedStep: 'work',
      });
      expect(await rig.api.state(instanceId)).toBe('COMPLETED');
    });

    it('makes every technical failure an event; the pauses double and the engine keeps to them', async () => {
      const began: number[] = [];
      const definition = await rig.process({
        steps: (step) => [
          step({
            ...plain('work'),
            retry: { attempts: 4, backoff: 100, maxBackoff: 250 },
            ends: 'ok',
            handle(_input, { attempt }) {
              began.push(Date.now());
              if (attempt < 4) throw Object.assign(new Error(`no ${attempt}`), { code: 'BROKEN' });
              return {};
            },
          }),
        ],
      });
      rig.work(definition);
      const { correlationId } = await rig.start(definition);
      const events = await rig.ended(correlationId);
      const reports = rig.proxy.calls.filter(
        ({ path, body }) =>
          path.endsWith('/failure') && String(body.errorMessage).startsWith('no '),
      );
      const pauses = [100, 200, 250];
      expect(failures(events).map(({ data, audit }) => ({ ...data, audit }))).toMatchObject(
        pauses.map((retryIn, at) => ({
          attempt: at + 1,
          kind: 'technical',
          code: 'BROKEN',
          message: `no ${at + 1}`,
          retriesLeft: 3 - at,
          retryIn,
          audit: { httpStatusCode: 500, result: 'work not done' },
        })),
      );
      expect(reports.map(({ body }) => [body.retries, body.retryTimeout])).toEqual([
        [3, 100],
        [2, 200],
        [1, 250],
      ]);
      for (const [at, pause] of pauses.entries()) {
        expect((began[at + 1] ?? 0) - (began[at] ?? 0)).toBeGreaterThanOrEqual(pause);
      }
      expect(events.at(-2)).toMatchObject({ type: 'step-completed', data: { attempt: 4 } });
    });

    it('makes an incident and a technical end without retries left; an operator may set them back', async () => {
      let broken = true;
      const { events, instanceId, correlationId } = await runOne({}, () => {
        if (broken) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' });
        return {};
      });
      expect(types(events)).toEqual(['step-failed', 'step-failed', 'process-failed']);
      expect(events.at(-1)?.data).toEqual({
        kind: 'technical',
        code: 'ENOSPC',
        message: 'the disk is full',
        failedStep: 'work',
      });
      const incidents = await until(async () => {
        const found = await rig.api.incidents(instanceId);
        return found.length > 0 && found;
      }, 'an incident');
      expect(incidents).toEqual([{ incidentMessage: 'the disk is full' }]);

      const [task] = await rig.api.tasks(instanceId);
      await rig.api.setRetries(task?.id ?? '', 1);
      const third = await rig.events(
        correlationId,
        (all) => failures(all).length === 3,
        'the attempt the operator asked for',
      );
      expect(failures(third)[2]?.data).toMatchObject({ attempt: 3, retriesLeft: 0 });
      await until(
        async () => (await rig.api.tasks(instanceId))[0]?.retries === 0,
        'the failure is reported',
      );

      broken = false;
      await rig.api.setRetries(task?.id ?? '', 1);
      await until(
        async () => (await rig.api.state(instanceId)) === 'COMPLETED',
        'the instance completes',
      );
      const all = await rig.eventStore.readStream(correlationId);
      expect(all.at(-1)).toMatchObject({ type: 'step-completed', data: { attempt: 4 } });
      expect(fold(all)).toMatchObject({ status: 'error', error: { code: 'ENOSPC' } });
    });

    it('does not retry input that does not fit', async () => {
      let runs = 0;
      const { events, instanceId } = await runOne(
        { input: z.object({ amount: z.number(), name: z.string() }), attempts: 5 },
        () => ({ runs: ++runs }),
        { amount: 'much', name: 'Ada' },
      );
      expect(runs).toBe(0);
      expect(types(events)).toEqual(['step-failed', 'process-failed']);
      expect(failures(events)[0]?.data).toMatchObject({
        code: 'INVALID_INPUT',
        retriesLeft: 0,
        input: { amount: 'much', name: 'Ada' },
        message: expect.stringContaining('input.amount:'),
      });
      await until(async () => (await rig.api.incidents(instanceId)).length === 1, 'an incident');
    });

    it('makes output that does not fit a technical failure that names the field', async () => {
      const { events } = await runOne({ output: z.object({ score: z.number() }) }, () => ({
        score: 'high',
      }));
      expect(failures(events).map(({ data }) => data)).toMatchObject([
        {
          code: 'INVALID_OUTPUT',
          retriesLeft: 1,
          message: expect.stringContaining('output.score:'),
        },
        { code: 'INVALID_OUTPUT', retriesLeft: 0 },
      ]);
    });

    it.each([
      ['heeds its signal', true],
      ['does not heed its signal', false],
    ])('fails with STEP_TIMEOUT when its handler takes too long and %s', async (_what, heeds) => {
      const reasons: unknown[] = [];
      const { events } = await runOne({ timeout: 50, attempts: 1 }, (signal) => {
        return new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            if (heeds) reject(new Error('what an aborted call throws'));
          });
        });
      });
      expect(reasons).toHaveLength(1);
      expect(failures(events)[0]?.data).toMatchObject({
        code: 'STEP_TIMEOUT',
        message: 'the step took longer than 50 ms',
      });
    });
  });
});
