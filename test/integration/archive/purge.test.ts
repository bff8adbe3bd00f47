import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  emptyTables,
  endedProcess,
  expectWhollyInOnePartition,
  relayAll,
} from '../../support/archive-world.ts';
import { databaseKinds } from '../../support/databases.ts';
import { stepCompleted } from '../../support/events.ts';
import { NOW, type PurgeRig, usePurgeRig } from '../../support/purge-rig.ts';

describe.each(databaseKinds())('the purge on $name', (kind) => {
  describe.skipIf(!kind.available)('when it is available', () => {
    let rig: PurgeRig;
    usePurgeRig(kind, (opened) => {
      rig = opened;
    });

    it('deletes what is old enough, with its events and its key, and nothing else', async () => {
      await rig.archived('2026-04-20T11:59:59.000Z', 'a', 'b', 'c');
      await rig.archived('2026-04-20T12:00:00.000Z', 'young');
      await endedProcess(rig.database, 'live');
      const before = new Date(NOW).toISOString();
      expect(await rig.database.purge.preview(before)).toEqual({
        ...{ processes: 3, events: 12 },
        oldest: '2026-04-20T11:59:59.000Z',
        newest: '2026-04-20T11:59:59.000Z',
      });
      expect(await rig.purge()).toEqual({ batches: 2, processes: 3, events: 12 });
      expect(await rig.left('process_store_archive')).toEqual(['young']);
      expect(await rig.left('event_log_archive')).toEqual(['young']);
      expect(await rig.left('process_key')).toEqual(['young']);
      expect(await rig.left('process_store')).toEqual(['live']);
      expect(await rig.purge()).toEqual({ batches: 0, processes: 0, events: 0 });
    });

    it('leaves an erased process until the engine has deleted its history', async () => {
      await rig.archived('2026-03-01T00:00:00.000Z', 'due', 'done');
      const key = rig.database.knex('process_key').where('correlation_id', 'due');
      await key.clone().update({ wrapped_key: null, erased_at: rig.database.knex.fn.now() });
      expect(await rig.purge()).toMatchObject({ processes: 1 });
      expect(await rig.purge(rig.coldArchive())).toMatchObject({ processes: 0 });
      expect(readdirSync(rig.folder)).toEqual([]);
      expect(await rig.left('process_key')).toEqual(['due']);
      await key.update({ engine_erased_at: rig.database.knex.fn.now() });
      expect(await rig.purge()).toMatchObject({ processes: 1 });
      expect(await rig.left('process_key')).toEqual([]);
    });

    it('counts more events than a number of 32 bits holds', async () => {
      await rig.archived('2026-04-20T11:59:59.000Z', 'a', 'b');
      const versions = () => rig.database.knex('process_store_archive');
      const { events } = await rig.database.purge.preview(new Date(NOW).toISOString());
      const most = 2 ** 31 - 1;
      await versions().update({ version: most });
      const preview = await rig.database.purge.preview(new Date(NOW).toISOString());
      await versions().update({ version: events / 2 });
      expect(preview).toMatchObject({ processes: 2, events: 2 * most });
    });

    it('G8: leaves a process that gets a late event or is restored at the last moment', async () => {
      await rig.archived('2026-03-01T00:00:00.000Z', 'late', 'back', 'gone');
      const given = ['late', 'back', 'gone'].map((correlationId) => ({
        correlationId,
        version: 4,
      }));
      await rig.database.eventStore.append('late', [stepCompleted('t')]);
      await rig.database.archive.restore('back');
      const removed = await rig.database.purge.remove(given, { keepKeys: false });
      expect(removed).toEqual({ processes: 1, events: 4 });
      expect(await rig.left('process_key')).toEqual(['back', 'late']);
      expect(await rig.database.eventStore.readStream('late')).toHaveLength(5);
      expect(await rig.database.eventStore.readStream('back')).toHaveLength(4);
      await relayAll(rig.database);
    });

    it('leaves a process whose events are incomplete for somebody to look at', async () => {
      await rig.archived('2026-02-01T00:00:00.000Z', 'damaged', 'sound');
      const events = rig.database.knex('event_log_archive').where('correlation_id', 'damaged');
      await events.clone().where('version', 2).del();
      expect(await rig.purge()).toMatchObject({ processes: 1 });
      expect(await rig.purge(rig.coldArchive())).toMatchObject({ processes: 0 });
      expect(readdirSync(rig.folder)).toEqual([]);
      expect(await rig.left('event_log_archive')).toEqual(['damaged']);
      await events.del();
      await emptyTables(rig.database);
    });

    it('G8: deletes while events, moves and restores come, and loses none of them', async () => {
      const ids = Array.from({ length: 6 }, (_, at) => `met-${at}`);
      await rig.archived('2026-03-01T00:00:00.000Z', ...ids);
      const coldArchive = rig.coldArchive();
      await coldArchive.writePart('2026-03', undefined, new AbortController().signal);
      const late = ids
        .slice(0, 2)
        .map((id) => rig.database.eventStore.append(id, [stepCompleted(id)]));
      const back = ids.slice(2, 4).map((id) => rig.database.archive.restore(id));
      await Promise.all([rig.purge(coldArchive), ...late, ...back]);
      await relayAll(rig.database);
      const partitions = await expectWhollyInOnePartition(rig.database);
      for (const [at, id] of ids.entries()) {
        const length = (await rig.database.eventStore.readStream(id)).length;
        // An event for a stream that was already deleted begins a new one.
        if (at < 2) expect([1, 5]).toContain(length);
        else if (at < 4) expect(length).toBe((await back[at - 2]) === 'restored' ? 4 : 0);
        else expect(length).toBe(0);
      }
      for (const id of ids.slice(2, 4)) {
        expect(partitions.get(id)?.row.live ?? false).toBe(
          (partitions.get(id)?.events.live.length ?? 0) > 0,
        );
      }
      const begunAgain = ids
        .slice(0, 2)
        .filter((id) => (partitions.get(id)?.events.live.length ?? 0) > 0);
      expect(begunAgain.every((id) => !partitions.get(id)?.row.archived)).toBe(true);
    });
  });
});
