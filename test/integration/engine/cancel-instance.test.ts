import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineUnavailableError } from '../../../domain/common/errors.ts';
import { cancelInstance } from '../../../domain/engine/cancel-instance.ts';
import { startInstance } from '../../../domain/engine/start-instance.ts';
import { createRestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { freePort } from '../../support/children.ts';
import { type Instances, openInstances, portKinds } from '../../support/engines.ts';
import { cancelled, failed } from '../../support/events.ts';

describe.each(await portKinds())('the cancel-instance job on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let world: Instances;
    let id: string;
    beforeAll(async () => {
      world = await openInstances(kind);
    });
    afterAll(() => world?.close());

    async function running(): Promise<void> {
      id = randomUUID();
      await startInstance(await world.request(id), { attempt: 1 }, world);
    }
    const append = (event: ReturnType<typeof cancelled>) =>
      world.eventStore.append(id, [{ ...event, processName: world.key }]);

    it('G10: deletes the running instance, and does nothing more when delivered again', async () => {
      await running();
      await append(cancelled());
      const both = [1, 2].map(() => cancelInstance({ correlationId: id }, world));
      // An engine refuses the second of two deletions at once with a 500: to be tried again.
      for (const one of await Promise.allSettled(both)) {
        if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(EngineUnavailableError);
      }
      await cancelInstance({ correlationId: id }, world);
      expect(await world.active(id)).toEqual([]);
      expect(await world.engine.findInstances(world.key, id)).toMatchObject([
        { state: 'terminated' },
      ]);
    });

    it('deletes an instance whose start was never recorded', async () => {
      id = randomUUID();
      await world.request(id);
      await world.engine.start(world.key, id, {});
      await append(cancelled());
      await cancelInstance({ correlationId: id }, world);
      expect(await world.active(id)).toEqual([]);
    });

    it('leaves the instance of a process alone that was not cancelled', async () => {
      await running();
      await append(failed());
      // The first end counts.
      await append(cancelled());
      await cancelInstance({ correlationId: id }, world);
      expect(await world.active(id)).toHaveLength(1);
      await cancelInstance({ correlationId: 'nobody' }, world);
    });

    it('G10: is tried again while the engine is away', async () => {
      await running();
      await append(cancelled());
      const away = createRestEngine({
        baseUrl: `http://127.0.0.1:${await freePort()}/engine-rest`,
      });
      const ports = { eventStore: world.eventStore, engine: away };
      await expect(cancelInstance({ correlationId: id }, ports)).rejects.toThrow(
        EngineUnavailableError,
      );
      await away.close();
      await cancelInstance({ correlationId: id }, world);
      expect(await world.active(id)).toEqual([]);
    });
  });
});
