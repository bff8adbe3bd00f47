import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';
import { type Permission, permissionsQuery, permitStatement } from './permissions.ts';

/** Creates a view again with another select, and on SQL Server with the grants and denials of the old one. */
export async function replaceView(knex: Knex, name: string, select: string): Promise<void> {
  const permissions: Permission[] =
    dialectOf(knex).kind === 'mssql' ? await knex.raw(permissionsQuery(name)) : [];
  await knex.schema.raw(`DROP VIEW IF EXISTS ${name}`);
  await knex.schema.raw(`CREATE VIEW ${name} AS\n${select}`);
  for (const permission of permissions) await knex.raw(permitStatement(name, permission));
}
