import { type BulkRequest, type BulkRuns, createBulkRuns } from '../../domain/bulk/index.ts';
import { timeOrderedId } from '../../domain/ids/index.ts';
import { createWaitroom } from '../../domain/process/index.ts';
import { createBulkPorts } from '../../src/composition/jobs/bulk.ts';
import type { TestDatabase } from './databases.ts';

export const bulkRequest: BulkRequest = {
  action: 'cancel',
  filter: { status: 'pending' },
  reason: 'ordered twice',
  actor: 'ada',
  maxPerSecond: 1_000,
  dryRun: false,
};

export function bulkRunsOn(database: TestDatabase): BulkRuns {
  return createBulkRuns(database, { clock: Date.now, newId: timeOrderedId });
}

/** @param logged gets what is logged as an error or a warning */
export function bulkPortsOn(database: TestDatabase, logged: string[]) {
  const live = {
    waitroom: createWaitroom(),
    findProcess: async (id: string) => (await database.processStore.get(id)) as never,
  };
  const log = (_: object, message: string) => void logged.push(message);
  return createBulkPorts({ database, decrypted: database, live, log: { error: log, warn: log } });
}

export async function typesOf(database: TestDatabase, correlationId: string) {
  return (await database.eventStore.readStream(correlationId)).map(({ type }) => type);
}
