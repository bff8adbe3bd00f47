import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MaintenanceTask } from '../../../domain/archive/maintenance-lock.ts';
import { databaseKinds, type TestDatabase } from '../../support/databases.ts';

describe.each(databaseKinds())('the locks of maintenance on $name', ({ available, open }) => {
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

  it.skipIf(!available)('one has a lock exclusively, until it gives it up', async () => {
    const release = await take('archive', 'exclusive');
    expect(await database.maintenanceLock.tryLock('archive', 'exclusive')).toBeNull();
    expect(await database.maintenanceLock.tryLock('archive', 'shared')).toBeNull();
    await (await take('tables', 'exclusive'))();
    await release();
    await (await take('archive', 'exclusive'))();
  });

  it.skipIf(!available)('many share one, and keep out who wants it alone', async () => {
    const releases = [await take('tables', 'shared'), await take('tables', 'shared')];
    expect(await database.maintenanceLock.tryLock('tables', 'exclusive')).toBeNull();
    await releases[0]?.();
    expect(await database.maintenanceLock.tryLock('tables', 'exclusive')).toBeNull();
    await releases[1]?.();
    await (await take('tables', 'exclusive'))();
  });
});
