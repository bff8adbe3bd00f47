import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessEvent, StoredEvent } from '../../../domain/process/events.ts';
import { soon } from '../../support/archive-world.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';
import {
  broken,
  completed,
  started as instance,
  requested,
  retried,
  stepCompleted,
} from '../../support/events.ts';
import { expectVerified, verified } from '../../support/verify.ts';

const NAME = 'onboard-user';

describe.each(databaseKinds())('verify of the origin of events on $name', ({ available, open }) => {
  describe.skipIf(!available).each(['live', 'archived'])('of %s processes', (place) => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await open();
    });
    afterAll(() => database?.destroy());

    /** Appends one after the other, each made of those before it. */
    async function stream(
      ...events: ((before: readonly StoredEvent[]) => ProcessEvent)[]
    ): Promise<string> {
      const id = randomUUID();
      const before: StoredEvent[] = [];
      for (const make of events) {
        const { events: stored } = await database.eventStore.append(id, [make(before)]);
        before.push(...stored);
      }
      await database.processStore.project(id);
      if (place === 'archived') {
        await database.archive.moveBatch({ endedBefore: soon(), limit: 99 });
      }
      return id;
    }
    /** As a start job records an instance for the request, or for the last retry. */
    const started =
      (processInstanceId: string) =>
      (before: readonly StoredEvent[]): ProcessEvent => {
        const cause = before.findLast(({ type }) => type === 'process-retried') ?? before[0];
        return { ...instance(processInstanceId), dedupeKey: `started:${cause?.id}` };
      };
    const step =
      (instanceId: string, processName = NAME) =>
      (): ProcessEvent => {
        const event = stepCompleted(randomUUID());
        if (event.type !== 'step-completed') throw new Error('no step');
        return { ...event, processName, data: { ...event.data, instanceId } };
      };
    const request = () => requested();
    const end = () => completed();
    const found = async (id: string) =>
      (await verified(database, { ids: [id] })).differences.map(
        ({ kind, version }) => `${kind} ${version}`,
      );

    it('G17: finds nothing for a process that was requested, retried in another instance and completed', async () => {
      const id = await stream(
        ...[request, started('one'), step('one'), () => broken(), () => retried()],
        ...[started('two'), step('two'), end],
      );
      await expectVerified(database, { ids: [id] });
    });

    it('G17: finds a stream that nobody requested', async () => {
      expect(await found(await stream(end))).toEqual(['request-missing 1']);
    });

    it('G17: finds an event of another process', async () => {
      const id = await stream(request, started('one'), step('one', 'fulfil-order'), end);
      expect(await found(id)).toEqual(['process-mixed 3']);
    });

    it('G17: finds a second instance that no retry explains, and one with another’s key', async () => {
      const twice = await stream(...[request, started('one')], () => instance('two'), end);
      expect(await found(twice)).toEqual(['instance-foreign 3']);
      const other = await stream(
        request,
        () => ({ ...instance('two'), dedupeKey: `started:x${randomUUID()}` }),
        end,
      );
      expect(await found(other)).toEqual(['instance-foreign 2']);
    });

    it('G17: finds a step that was done in an instance of another process', async () => {
      const id = await stream(request, started('one'), step('one'), step('elsewhere'), end);
      expect(await found(id)).toEqual(['instance-foreign 4']);
    });
  });
});
