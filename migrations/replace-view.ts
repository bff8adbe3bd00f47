import type { Knex } from 'knex';
import { dialectOf } from './dialect.ts';
import { type Permission, permissionsQuery, permitStatement } from './permissions.ts';

/** Makes a view anew with another select, and on SQL Server with the grants and denials that the old one had. */
export async function replaceView(knex: Knex, name: string, select: string): Promise<void> {
  const permissions: Permission[] =
    dialectOf(knex).kind === 'mssql' ? await knex.raw(permissionsQuery(name)) : [];
  await knex.schema.raw(`DROP VIEW IF EXISTS ${name}`);
  await knex.schema.raw(`CREATE VIEW ${name} AS\n${select}`);
  for (const permission of permissions) await knex.raw(permitStatement(name, permission));
}
