import { writeSync } from 'node:fs';
import type { RebuildStore } from '../../../domain/projection/rebuild-store.ts';
import { CLEAR_INDEX } from '../identifiers.ts';
import { rebuild } from '../rebuild-world.ts';
import { waitForGo } from './reports.ts';

/** A process to be killed: rebuilds in small pages after `begin`, and reports each part of its work. */
const store = await openStore(process.argv[2] ?? '');
const report = await waitForGo();
const { beginnings } = await rebuild(
  {
    ...store,
    exclusively(work) {
      report('swap');
      return store.exclusively(work);
    },
    async drop(which, signal) {
      // A run that does not resume another one drops tables before it has a checkpoint; that is not reported.
      if ((await store.checkpoint()) !== null) report('removal');
      return store.drop(which, signal);
    },
  },
  {
    pageSize: 20,
    onBegin: (how) => void writeSync(1, `${how}\n`),
    onPage: ({ read }) => report(read),
  },
);
await store.close();
writeSync(1, `done ${beginnings}\n`);

/** Imports only what it needs, because tests start many of these one after the other. */
async function openStore(target: string): Promise<RebuildStore> {
  if (target.startsWith('mssql:')) {
    const { openMssqlRebuildStore } = await import(
      '../../../infrastructure/sqlserver/rebuild-store.ts'
    );
    const { readMssqlUrl } = await import('../../../infrastructure/sqlserver/target.ts');
    return openMssqlRebuildStore(readMssqlUrl(target), {}, CLEAR_INDEX);
  }
  const { createSqliteRebuildStore } = await import(
    '../../../infrastructure/sqlite/rebuild-store.ts'
  );
  return createSqliteRebuildStore(target, CLEAR_INDEX);
}
