import { type Command, Option } from 'commander';
import { AUDIT_ACTIONS, type AuditAction } from '../../domain/audit/index.ts';
import { runMaintenance } from './maintenance/run-maintenance.ts';

/** Entries that are read at once. */
const PAGE = 1_000;

interface AuditOptions {
  action?: AuditAction;
  actor?: string;
  subject?: string;
  after: number;
}

/** `audit`: prints the audit log. */
export function configure(command: Command): void {
  command
    .addOption(new Option('--action <action>', 'only these acts').choices(AUDIT_ACTIONS))
    .option('--actor <name>', 'only what this caller did')
    .option('--subject <id>', 'only what was done to this process, key or job')
    .option('--after <number>', 'start behind the entry with this number', Number, 0)
    .action(async ({ after, ...filter }: AuditOptions) => {
      await runMaintenance(
        async ({ database: { auditLog }, signal }) => {
          for (let last = after; !signal.aborted; ) {
            const entries = await auditLog.list(filter, { after: last, limit: PAGE });
            for (const entry of entries) process.stdout.write(`${JSON.stringify(entry)}\n`);
            if (entries.length < PAGE) return;
            last = entries.at(-1)?.seq ?? last;
          }
        },
        { stopped: 'stopped; --after resumes behind the last entry that was printed' },
      );
    });
}
