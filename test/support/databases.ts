import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Database, DatabaseOptions } from '../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { openMssqlDatabase } from '../../infrastructure/sqlserver/database.ts';
import { createTestDatabase, SLOW_SERVER_LIMITS } from './mssql.ts';

export interface TestDatabase extends Database {
  /** The file or URL by which another process opens it. */
  target: string;
  /** Closes and removes it. */
  destroy(): Promise<void>;
}

export interface DatabaseKind {
  name: 'SQLite' | 'SQL Server';
  available: boolean;
  open(options?: Partial<DatabaseOptions>): Promise<TestDatabase>;
}

const defaults: DatabaseOptions = { clock: Date.now, leaseMs: 0, onAppended: () => {} };

/** Creates a folder; `remove` deletes it. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'fastify-camunda-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The databases that the suites run against. */
export function databaseKinds(): DatabaseKind[] {
  const mssqlUrl = inject('mssqlUrl');
  return [
    {
      name: 'SQLite',
      available: true,
      async open(options) {
        const folder = temporaryFolder();
        const target = join(folder.path, 'test.db');
        const database = await openSqliteDatabase({ ...defaults, ...options, file: target });
        return {
          ...database,
          target,
          async destroy() {
            await database.close();
            folder.remove();
          },
        };
      },
    },
    {
      name: 'SQL Server',
      available: mssqlUrl !== null,
      async open(options) {
        const { url, knexConfig, drop } = await createTestDatabase(mssqlUrl ?? '');
        const database = await openMssqlDatabase({
          ...defaults,
          ...options,
          url,
          knexConfig,
          limits: SLOW_SERVER_LIMITS,
        });
        return {
          ...database,
          target: url,
          async destroy() {
            await database.close();
            await drop();
          },
        };
      },
    },
  ];
}
