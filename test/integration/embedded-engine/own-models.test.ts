import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRestEngine, type RestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { bpmn, end, flow, flows, parallel, start, task } from '../../support/bpmn/model.ts';
import {
  engineApi,
  engineKinds,
  engineWithoutCache,
  type TestEngine,
} from '../../support/engines.ts';

/** A file of test/support/bpmn/models; its process is called after it. */
const model = (key: string): string =>
  readFileSync(new URL(`../../support/bpmn/models/${key}.bpmn`, import.meta.url), 'utf8');

describe.each([...(await engineKinds()), engineWithoutCache()])(
  'on $name',
  ({ available, open }) => {
    describe.skipIf(!available)('a model', () => {
      let engine: TestEngine;
      let port: RestEngine;
      const keys = new Set<string>();
      beforeAll(async () => {
        engine = await open();
        port = createRestEngine({ baseUrl: engine.url });
      });
      afterAll(async () => {
        for (const key of keys) await engineApi(engine.url).removeProcess(key);
        await port?.close();
        await engine?.stop();
      });

      async function post(path: string, body: object): Promise<Response> {
        return fetch(`${engine.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      }
      async function run(key: string, content = model(key)): Promise<string> {
        keys.add(key);
        await port.deploy(key, [{ fileName: `${key}.bpmn`, content }]);
        return port.start(key, key, {});
      }
      async function openTasks(instanceId: string): Promise<{ id: string; activityId: string }[]> {
        const answer = await fetch(`${engine.url}/external-task?processInstanceId=${instanceId}`);
        return (await answer.json()) as { id: string; activityId: string }[];
      }
      const openActivities = async (id: string) =>
        (await openTasks(id)).map((one) => one.activityId).sort();
      /** Ends the only open task, `how`: by `complete` or `bpmnError`. */
      async function finish(instanceId: string, how: string, more = {}): Promise<number> {
        const [found] = await openTasks(instanceId);
        const own = { workerId: 'w' };
        await post(`/external-task/${found?.id}/lock`, { ...own, lockDuration: 10_000 });
        return (await post(`/external-task/${found?.id}/${how}`, { ...own, ...more })).status;
      }

      it('continues through a manual task', async () => {
        const id = await run('own-manual');
        expect(await finish(id, 'complete')).toBe(204);
        expect(await openActivities(id)).toEqual(['a']);
      });

      it('runs beside a collapsed pool that it sends messages to and from', async () => {
        expect(await openActivities(await run('own-message-flow-black-box'))).toEqual(['a']);
      });

      it('runs when its diagram shows another process', async () => {
        expect(await openActivities(await run('own-plane-of-another-id'))).not.toEqual([]);
      });

      it('catches an error that it names by its code', async () => {
        const id = await run('own-error-code-as-ref');
        expect(await finish(id, 'bpmnError', { errorCode: 'NOPE' })).toBe(204);
        expect(await openActivities(id)).toEqual(['b']);
      });

      it('is refused when a default flow has a condition', async () => {
        await expect(run('own-default-with-condition')).rejects.toThrow(/condition/);
      });

      it('is refused when an exclusive gateway has two flows without a condition', async () => {
        const content = model('own-default-with-condition')
          .replace(' default="f_g_a"', '')
          .replaceAll(/<bpmn:conditionExpression.*?<\/bpmn:conditionExpression>/g, '');
        await expect(run('own-default-with-condition', content)).rejects.toThrow(/condition/);
      });

      it('stays at the task before a timer whose duration is null', async () => {
        const id = await run('own-timer-null');
        expect(await finish(id, 'complete')).toBe(500);
        expect(await openActivities(id)).toEqual(['first']);
      });

      it('takes every flow out of a parallel gateway, whatever conditions say', async () => {
        const content = bpmn(
          'own-fork',
          ...[start(), parallel('fork'), task('a'), task('b'), end(), flows('start', 'fork')],
          ...[flow('fork', 'a', '1 == 2'), flow('fork', 'b'), flows('a', 'end'), flows('b', 'end')],
        );
        expect(await openActivities(await run('own-fork', content))).toEqual(['a', 'b']);
      });
    });
  },
);
