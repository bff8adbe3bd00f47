import type { Command } from 'commander';
import knex from 'knex';
import { migrateDown, migrateUp } from '../../infrastructure/sql/migrate.ts';
import { readConfig } from '../config.ts';
import { prepareDatabase } from '../database-target.ts';

/** `migrate`: brings the schema of the configured database up to date, or one step back. */
export function registerMigrate(program: Command): void {
  program
    .command('migrate')
    .description('bring the database schema up to date')
    .option('--down', 'take back the migrations of the last run, and the data in their tables')
    .action(async ({ down }: { down?: boolean }) => {
      const connection = knex(prepareDatabase(readConfig(process.env)));
      try {
        const names = down ? await migrateDown(connection) : await migrateUp(connection);
        for (const name of names) process.stdout.write(`${down ? 'took back' : 'ran'} ${name}\n`);
        if (names.length === 0) process.stdout.write('nothing to do\n');
      } finally {
        await connection.destroy();
      }
    });
}
