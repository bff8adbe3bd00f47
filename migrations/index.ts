import type { Knex } from 'knex';
import * as initial from './0001-initial.ts';
import * as apiKey from './0002-api-key.ts';
import * as statusOrder from './0003-status-order.ts';
import * as retention from './0004-retention.ts';
import * as eventPosition from './0005-event-position.ts';
import * as rollups from './0006-rollups.ts';
import * as views from './0007-views.ts';
import * as actor from './0008-actor.ts';
import * as processErrors from './0009-process-errors.ts';
import * as fewerIndexes from './0010-fewer-indexes.ts';
import * as longerBuckets from './0011-longer-buckets.ts';
import * as listIndexes from './0012-list-indexes.ts';
import * as auditLog from './0013-audit-log.ts';
import * as identifiers from './0014-identifiers.ts';
import * as bulk from './0015-bulk.ts';
import * as callbacks from './0016-callbacks.ts';
import * as startAt from './0017-start-at.ts';

interface Migration {
  name: string;
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

/** All migrations, oldest first. A name, once released, stays. */
const MIGRATIONS: readonly Migration[] = [
  { name: '0001-initial', ...initial },
  { name: '0002-api-key', ...apiKey },
  { name: '0003-status-order', ...statusOrder },
  { name: '0004-retention', ...retention },
  { name: '0005-event-position', ...eventPosition },
  { name: '0006-rollups', ...rollups },
  { name: '0007-views', ...views },
  { name: '0008-actor', ...actor },
  { name: '0009-process-errors', ...processErrors },
  { name: '0010-fewer-indexes', ...fewerIndexes },
  { name: '0011-longer-buckets', ...longerBuckets },
  { name: '0012-list-indexes', ...listIndexes },
  { name: '0013-audit-log', ...auditLog },
  { name: '0014-identifiers', ...identifiers },
  { name: '0015-bulk', ...bulk },
  { name: '0016-callbacks', ...callbacks },
  { name: '0017-start-at', ...startAt },
];

/** The version in schema_version that this code works with. */
export const SCHEMA_VERSION = Number.parseInt(MIGRATIONS.at(-1)?.name ?? '0', 10);

/** For Knex: the list above instead of a folder, so that names do not depend on file endings. */
export const migrationSource: Knex.MigrationSource<Migration> = {
  getMigrations: async () => [...MIGRATIONS],
  getMigrationName: ({ name }) => name,
  getMigration: async ({ up, down }) => ({ up, down }),
};
