import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MaintenanceTask } from '../../../domain/archive/maintenance-lock.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';

describe.each(databaseKinds())('the maintenance lock on $name', ({ available, open }) => {
  let database: TestDatabase;
  beforeAll(async () => {
    if (available) database = await open();
  });
  afterAll(async () => {
    await database?.destroy();
  });

  async function take(task: MaintenanceTask, mode: 'exclusive' | 'shared') {
    const release = await database.maintenanceLock.tryLock(task, mode);
    if (!release) throw new Error(`${task} is locked`);
    return release;
  }

  it.skipIf(!available)('is held by one exclusively, until it releases the lock', async () => {
    const release = await take('archive', 'exclusive');
    expect(await database.maintenanceLock.tryLock('archive', 'exclusive')).toBeNull();
    expect(await database.maintenanceLock.tryLock('archive', 'shared')).toBeNull();
    await (await take('tables', 'exclusive'))();
    await release();
    await (await take('archive', 'exclusive'))();
  });

  it.skipIf(!available)(
    'is shared by many, and keeps out a run that wants it exclusively',
    async () => {
      const releases = [await take('tables', 'shared'), await take('tables', 'shared')];
      expect(await database.maintenanceLock.tryLock('tables', 'exclusive')).toBeNull();
      await releases[0]?.();
      expect(await database.maintenanceLock.tryLock('tables', 'exclusive')).toBeNull();
      await releases[1]?.();
      await (await take('tables', 'exclusive'))();
    },
  );
});
