import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineUnavailableError, VersionConflictError } from '../../../domain/common/errors.ts';
import { cancelInstance } from '../../../domain/engine/cancel-instance.ts';
import type { Engine } from '../../../domain/engine/engine.ts';
import { startInstance } from '../../../domain/engine/start-instance.ts';
import { fold } from '../../../domain/process/process-state.ts';
import { createRestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { freePort } from '../../support/children.ts';
import { type Instances, openInstances, portKinds } from '../../support/engines.ts';
import { cancelled, started } from '../../support/events.ts';

const FIRST = { attempt: 1 };
const SECOND = { attempt: 2 };

describe.each(await portKinds())('the start-instance job on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let world: Instances;
    beforeAll(async () => {
      world = await openInstances(kind);
    });
    afterAll(() => world?.close());

    const recorded = async (id: string): Promise<string | null | undefined> =>
      fold(await world.eventStore.readStream(id))?.processInstanceId;

    it('starts the instance and records which it is', async () => {
      const id = randomUUID();
      await startInstance(await world.request(id), FIRST, world);
      expect(await world.types(id)).toEqual(['process-requested', 'process-started']);
      expect(await world.active(id)).toEqual([await recorded(id)]);
    });

    it('G10: leaves one instance when it is delivered twice, one after the other', async () => {
      const id = randomUUID();
      const job = await world.request(id);
      await startInstance(job, FIRST, world);
      await startInstance(job, FIRST, world);
      await startInstance({ ...job, redelivered: true }, FIRST, world);
      expect(await world.active(id)).toEqual([await recorded(id)]);
      expect(await world.types(id)).toEqual(['process-requested', 'process-started']);
    });

    it('G10: leaves one instance when it is delivered three times at the same moment', async () => {
      const id = randomUUID();
      const job = await world.request(id);
      await Promise.all([1, 1, 1].map((attempt) => startInstance(job, { attempt }, world)));
      expect(await world.active(id)).toEqual([await recorded(id)]);
      expect(await world.types(id)).toEqual(['process-requested', 'process-started']);
    });

    it.each([
      ['by the outbox', true, FIRST],
      ['by the queue', false, SECOND],
    ])(
      'G10: records the existing instance when it is delivered again %s after a lost answer',
      async (_by, redelivered, delivery) => {
        const id = randomUUID();
        const job = await world.request(id);
        const there = await world.engine.start(world.key, id, {});
        await startInstance({ ...job, redelivered }, delivery, world);
        expect(await world.active(id)).toEqual([there]);
        expect(await recorded(id)).toBe(there);
      },
    );

    it('G10: deletes the duplicate instance of a delivery that died before it could', async () => {
      const id = randomUUID();
      const job = await world.request(id);
      const duplicate = await world.engine.start(world.key, id, {});
      const kept = await world.engine.start(world.key, id, {});
      await world.eventStore.append(id, [{ ...started(kept), processName: world.key }]);
      expect(await world.active(id)).toContain(duplicate);
      await startInstance(job, SECOND, world);
      expect(await world.active(id)).toEqual([kept]);
    });

    it('fails the process when the engine knows no such definition, once', async () => {
      const id = randomUUID();
      const job = await world.request(id, 'never-deployed');
      const both = await Promise.allSettled(
        [1, 1].map((attempt) => startInstance(job, { attempt }, world)),
      );
      for (const one of both) {
        if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(VersionConflictError);
      }
      await startInstance(job, SECOND, world);
      expect(await world.types(id)).toEqual(['process-requested', 'process-failed']);
      const state = fold(await world.eventStore.readStream(id));
      expect(state?.error).toMatchObject({ kind: 'technical', code: 'ENGINE_REFUSED' });
      expect(state?.error?.message).toContain('never-deployed');
    });

    it('G10: records nothing while the engine is away, and is tried again', async () => {
      const id = randomUUID();
      const job = await world.request(id);
      const away = createRestEngine({
        baseUrl: `http://127.0.0.1:${await freePort()}/engine-rest`,
      });
      const ports = { ...world, engine: away };
      for (const delivery of [FIRST, SECOND]) {
        await expect(startInstance(job, delivery, ports)).rejects.toThrow(EngineUnavailableError);
      }
      expect(await world.types(id)).toEqual(['process-requested']);
      await away.close();
      await startInstance(job, { attempt: 3 }, world);
      expect(await world.active(id)).toHaveLength(1);
    });

    describe('and a cancel that comes meanwhile', () => {
      /** Cancels the process as the REST call and its job do. */
      async function cancel(id: string): Promise<void> {
        await world.eventStore.append(id, [{ ...cancelled(), processName: world.key }]);
        await cancelInstance({ correlationId: id }, world);
      }

      /** The engine, with the cancel at that point of its start. */
      function cancelling(id: string, when: 'before' | 'after'): Engine {
        const { engine } = world;
        return {
          ...engine,
          async start(...given) {
            if (when === 'before') await cancel(id);
            const instance = await engine.start(...given);
            if (when === 'after') await cancel(id);
            return instance;
          },
        };
      }

      it.each(['before', 'after'] as const)(
        'leaves no instance when it comes %s the engine has started one',
        async (when) => {
          const id = randomUUID();
          const job = await world.request(id);
          const ports = { ...world, engine: cancelling(id, when) };
          await startInstance(job, FIRST, ports);
          expect(await world.active(id)).toEqual([]);
          expect(fold(await world.eventStore.readStream(id))?.error?.kind).toBe('cancelled');
        },
      );

      it('G10: leaves no instance though the engine goes away before it is deleted', async () => {
        const id = randomUUID();
        const job = await world.request(id);
        const engine: Engine = {
          ...cancelling(id, 'before'),
          cancel: async () => {
            throw new EngineUnavailableError('cut off');
          },
        };
        const cut = startInstance(job, FIRST, { ...world, engine });
        await expect(cut).rejects.toThrow('cut off');
        expect(await world.active(id)).toHaveLength(1);
        await startInstance(job, SECOND, world);
        expect(await world.active(id)).toEqual([]);
      });

      it('starts nothing when it came first', async () => {
        const id = randomUUID();
        const job = await world.request(id);
        await cancel(id);
        await startInstance(job, FIRST, world);
        expect(await world.engine.findInstances(world.key, id)).toEqual([]);
      });
    });
  });
});
