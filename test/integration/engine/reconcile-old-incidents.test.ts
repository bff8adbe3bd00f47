import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../../domain/engine/engine.ts';
import { createRestEngine, type RestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { portKinds } from '../../support/engines.ts';
import { broken, retried } from '../../support/events.ts';
import {
  ONE_TASK,
  openReconcileWorld,
  type ReconcileWorld,
} from '../../support/reconcile-world.ts';

const FAILURE = { errorMessage: 'gone', retries: 0, retryTimeout: 0 };

/** Stands before an engine whose clock is `aheadMs` ahead, as its incidents show. */
async function startClockProxy(target: string, aheadMs: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { method = 'GET', url = '', headers } = request;
    const type = headers['content-type'];
    const answer = await fetch(`${target}${url}`, {
      method,
      headers: type ? { 'content-type': type } : {},
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    });
    const text = (await answer.text()).replace(
      /"incidentTimestamp":"([^"]+)"/g,
      (_, time: string) => {
        const shifted = new Date(Date.parse(time) + aheadMs).toISOString().replace('Z', '+0000');
        return `"incidentTimestamp":"${shifted}"`;
      },
    );
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(answer.status === 204 ? undefined : text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

describe.each(await portKinds())('old incidents on $name', (kind) => {
  describe.skipIf(!kind.available).each([
    ['behind', -3_600_000],
    ['ahead of', 90_000],
  ])('whose clock is %s ours', (_, aheadMs) => {
    let world: ReconcileWorld;
    let key: string;
    let proxy: Server;
    let engine: RestEngine;
    beforeAll(async () => {
      world = await openReconcileWorld(kind);
      key = await world.deploy(...ONE_TASK);
      proxy = await startClockProxy(world.url, aheadMs);
      const { port } = proxy.address() as AddressInfo;
      engine = createRestEngine({ baseUrl: `http://127.0.0.1:${port}` });
    });
    afterAll(async () => {
      await engine?.close();
      proxy?.closeAllConnections();
      proxy?.close();
      await world?.close();
    });

    const reconcile = () => world.reconcile({ engine: engine as Engine, inMs: 300_000 });
    const retriesOf = async (instanceId: string) => (await world.tasks(instanceId))[0]?.retries;

    it('G11: are taken back when the engine recorded the failure only after the retry', async () => {
      const { id, instanceId } = await world.run(key);
      const [task] = await world.tasks(instanceId);
      const failed = { kind: 'technical', code: 'X', message: 'x', retriesLeft: 0, retryIn: 0 };
      await world.append(id, {
        ...broken(),
        type: 'step-failed',
        step: { name: 'work', number: 1 },
        data: { ...failed, kind: 'technical', taskId: task?.id ?? '', attempt: 1, input: {} },
      });
      await world.append(id, broken());
      await world.append(id, retried());
      await world.report(instanceId, 'work', 'failure', FAILURE);
      await reconcile();
      expect(await retriesOf(instanceId)).toBe(1);
      expect((await world.state(id))?.status).toBe('pending');
    });

    it('G11: are taken back by the retry when they had ended the process; a later one ends it again', async () => {
      const { id, instanceId } = await world.run(key);
      await world.report(instanceId, 'work', 'failure', FAILURE);
      await reconcile();
      expect((await world.state(id))?.error?.code).toBe('INCIDENT');
      await world.append(id, retried());
      await reconcile();
      expect(await retriesOf(instanceId)).toBe(1);
      expect((await world.state(id))?.status).toBe('pending');
      await world.report(instanceId, 'work', 'failure', FAILURE);
      await reconcile();
      expect((await world.state(id))?.error?.code).toBe('INCIDENT');
      const types = await world.types(id);
      expect(types.filter((type) => type === 'process-failed')).toHaveLength(2);
    });
  });
});
