import { afterEach, describe, expect, it } from 'vitest';
import { StoreUnavailableError } from '../../../domain/common/index.ts';
import type { EventStore } from '../../../domain/process/event-store.ts';
import { completed } from '../../support/events.ts';
import { type Parts, startParts } from '../../support/service-parts.ts';

const ASYNC = { prefer: 'respond-async' };

/** Without relay and projector: a test decides when a start is published, projected and counted. */
describe('the limits of starts', () => {
  let parts: Parts;
  afterEach(() => parts?.stop());

  const start = async (correlationId: string, number = 1): Promise<number> =>
    (await parts.api.start('counted', { number }, { correlationId }, ASYNC)).status;

  /** Starts the test service with appends that do this first. */
  async function startWith(
    config: { PENDING_MAX?: number; BACKLOG_MAX?: number },
    beforeAppend: (append: () => ReturnType<EventStore['append']>) => Promise<unknown> = async () =>
      undefined,
  ): Promise<void> {
    parts = await startParts(
      (eventStore) => ({
        ...eventStore,
        async append(...call) {
          const append = () => eventStore.append(...call);
          await beforeAppend(append);
          return append();
        },
      }),
      { config },
    );
  }

  it('G14: a start counts as pending until process_store has it, however late the projection is', async () => {
    await startWith({ PENDING_MAX: 3 });
    const { load, database, advance } = parts;
    for (const id of ['a', 'b', 'c']) expect(await start(id)).toBe(202);
    for (let polls = 0; polls < 3; polls++) {
      await load.poll();
      expect(await start('d')).toBe(503);
    }
    for (const id of ['a', 'b']) await database.processStore.project(id);
    await load.poll();
    expect(await start('d')).toBe(503);
    await advance('a', completed());
    await load.poll();
    expect(await start('d')).toBe(202);
    expect(await start('e')).toBe(503);
  });

  it.each(['PENDING_MAX', 'BACKLOG_MAX'])(
    'G14: of many starts at the same moment no more are accepted than %s',
    async (name) => {
      await startWith({ [name]: 3 });
      const statuses = await Promise.all(Array.from({ length: 20 }, (_, at) => start(`at-${at}`)));
      expect(statuses.filter((status) => status === 202)).toHaveLength(3);
      expect(statuses.filter((status) => status === 503)).toHaveLength(17);
    },
  );

  it.each(['PENDING_MAX', 'BACKLOG_MAX'])(
    'G14: a start counts towards %s while its append is under way, over any number of polls',
    async (name) => {
      let arrive = (): void => {};
      let release = (): void => {};
      const arrived = new Promise<void>((resolve) => {
        arrive = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      await startWith({ [name]: 1 }, () => {
        arrive();
        return released;
      });
      const first = start('a');
      await arrived;
      for (let polls = 0; polls < 2; polls++) {
        await parts.load.poll();
        expect(await start('b')).toBe(503);
      }
      release();
      expect(await first).toBe(202);
      expect(await start('b')).toBe(503);
      await parts.load.poll();
      expect(await start('b')).toBe(503);
    },
  );

  it('G14: a start counts as backlog until its outbox row is gone', async () => {
    await startWith({ BACKLOG_MAX: 1 });
    const { load, database } = parts;
    expect(await start('a')).toBe(202);
    await load.poll();
    expect(await start('b')).toBe(503);
    await database.knex('outbox').delete();
    await load.poll();
    expect(await start('b')).toBe(202);
  });

  it('starts that wrote nothing take no room: repeated, in conflict, or failed before the commit', async () => {
    let isAway = false;
    await startWith({ PENDING_MAX: 2, BACKLOG_MAX: 2 }, async () => {
      if (isAway) throw new StoreUnavailableError('the database is away');
    });
    expect(await start('a')).toBe(202);
    expect(await start('a')).toBe(202);
    expect(await start('a', 2)).toBe(409);
    isAway = true;
    for (let failures = 0; failures < 3; failures++) expect(await start('b')).toBe(503);
    isAway = false;
    expect(await start('b')).toBe(202);
    expect(await start('c')).toBe(503);
  });

  it.each([
    { what: 'takes room when it was written', isWritten: true, next: 503 },
    { what: 'takes no room when it was not', isWritten: false, next: 202 },
  ])(
    'a start whose outcome is unknown takes room until the next poll, and then $what',
    async ({ isWritten, next }) => {
      let isLost = true;
      await startWith({ PENDING_MAX: 1, BACKLOG_MAX: 1 }, async (append) => {
        if (!isLost) return;
        if (isWritten) await append();
        throw new StoreUnavailableError('the connection was lost', { outcome: 'unknown' });
      });
      expect(await start('a')).toBe(503);
      isLost = false;
      expect(await start('b')).toBe(503);
      await parts.load.poll();
      expect(await start('b')).toBe(next);
    },
  );
});
