import type { Command } from 'commander';
import { SetupError, StoreUnavailableError } from '../../domain/common/index.ts';
import { correlationIdSchema } from '../../domain/process/index.ts';
import { type VerifyTotals, verifyProcesses } from '../../domain/projection/index.ts';
import {
  type RollupDifference,
  type VerifiedRollups,
  verifyRollups,
} from '../../domain/rollups/index.ts';
import { readDuration } from './duration.ts';
import { runMaintenance } from './maintenance/run-maintenance.ts';

interface VerifyCommandOptions {
  process?: string;
  outboxMaxAge: number;
  after?: string;
  repair?: boolean;
  json?: boolean;
}

/** Repaired processes that the audit log names. */
const MAX_LOGGED = 1_000;
/** Something differs, and something could not be looked at. */
const DIFFERENT = 1;
const NOT_VERIFIED = 2;

/** `verify`: compares what the tables hold with the events, and the events with their hashes. */
export function configure(command: Command): void {
  command
    .argument('[ids...]', 'correlation ids of the processes to check; left out: all')
    .option('--process <key>', 'processes of this definition only')
    .option(
      '--outbox-max-age <time>',
      'how long an event may wait to be published and projected, e.g. 30s, 5m, 12h',
      readDuration,
      readDuration('5m'),
    )
    .option('--after <id>', 'start behind this correlation id, which a stopped run prints')
    .option('--repair', 'rebuild the rows that differ from their events')
    .option('--json', 'print one JSON object a line')
    .addHelpText(
      'after',
      '\nExit code: 0 nothing differs (or all was repaired), 1 something does, 2 it could not be verified.',
    )
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : NOT_VERIFIED))
    .action(async (ids: string[], options: VerifyCommandOptions) => {
      try {
        await verify(ids, options);
      } catch (error) {
        if (!(error instanceof SetupError || error instanceof StoreUnavailableError)) throw error;
        process.stderr.write(`fastify-camunda: could not verify: ${error.message}\n`);
        process.exitCode = NOT_VERIFIED;
      }
    });
}

async function verify(ids: readonly string[], options: VerifyCommandOptions): Promise<void> {
  const { repair = false, json = false, after } = options;
  for (const id of [...ids, ...(after === undefined ? [] : [after])]) checkId(id);
  if (ids.length > 0 && (options.process !== undefined || after !== undefined)) {
    throw new SetupError('verify: give ids, or --process and --after, not both');
  }
  const began = performance.now();
  const locks = repair ? [['tables', 'shared'] as const] : [];
  await runMaintenance(
    async ({ database: { verification, rollupCheck, auditLog }, progress, signal, audited }) => {
      const print = (type: string, fields: object, line: string): void =>
        progress.print(json ? JSON.stringify({ type, ...fields }) : line);
      progress.start('verifying processes', ids.length || (await verification.count()));
      let overdue = false;
      const repairedIds: string[] = [];
      const verifyAll = () =>
        verifyProcesses(
          verification,
          {
            processName: options.process,
            maxLagMs: options.outboxMaxAge,
            repair,
            ...(ids.length > 0 ? { ids: [...new Set(ids)] } : {}),
            ...(after === undefined ? {} : { after }),
          },
          signal,
          {
            difference(difference) {
              overdue ||= difference.kind === 'outbox-overdue';
              const { correlationId, version, eventId, kind, message } = difference;
              const event = eventId === null ? '' : ` (event ${eventId})`;
              const at = version === null ? '' : ` version ${version}${event}`;
              print('difference', difference, `${correlationId}${at}: ${kind}: ${message}`);
            },
            repaired(correlationId, { done, message }) {
              if (done && repairedIds.length < MAX_LOGGED) repairedIds.push(correlationId);
              print(
                'repair',
                { correlationId, done, message },
                `${correlationId}: ${done ? 'repaired' : 'not repaired'}: ${message}`,
              );
            },
            progress: ({ streams, events, differences }) =>
              progress.update(streams, { events, differences }),
          },
        );
      const totals = repair
        ? await audited({ action: 'repair' }, verifyAll, ({ repaired, unrepaired }) => ({
            details: { repaired, unrepaired, processes: repairedIds },
          }))
        : await verifyAll();
      progress.stop();
      const whole = ids.length === 0 && options.process === undefined && after === undefined;
      let wrong = 0;
      if (whole && !signal.aborted) {
        const { differences, ...counted } = await verifyRollups(rollupCheck, signal);
        wrong = differences.length;
        for (const difference of differences) {
          print('statistics-difference', difference, differenceText(difference));
        }
        // Nothing to say of statistics that have not begun.
        if (counted.events + wrong > 0) {
          print('statistics', { ...counted, differences: wrong }, statisticsText(counted, wrong));
        }
        const audit = await auditLog.verify(signal);
        wrong += audit.differences.length;
        for (const difference of audit.differences) {
          print(
            'audit-difference',
            difference,
            `audit log, entry ${difference.seq}: ${difference.message}`,
          );
        }
        const { entries } = audit;
        if (entries > 0) {
          const found = audit.differences.length;
          print(
            'audit',
            { entries, differences: found },
            `audit log: ${found} differences in ${entries} entries`,
          );
        }
      }
      const seconds = Math.round(performance.now() - began) / 1_000;
      print('summary', { ...totals, seconds }, summary(totals, seconds));
      if (overdue && !json) progress.print('events wait to be published: is a relay running?');
      if (totals.stoppedAt !== null) {
        progress.print(
          json
            ? JSON.stringify({ type: 'stopped', after: totals.stoppedAt })
            : `stopped; to resume from here: --after '${totals.stoppedAt}'`,
        );
      }
      const left = repair ? totals.unrepaired : totals.differences;
      process.exitCode = left + wrong > 0 ? DIFFERENT : 0;
    },
    { locks },
  );
}

function summary(totals: VerifyTotals, seconds: number): string {
  const { streams, events, differences, lagging, unhashed, repaired } = totals;
  const also = [
    lagging > 0 ? `${lagging} rows are being projected` : '',
    unhashed > 0 ? `${unhashed} events are from before the hash chain` : '',
    repaired > 0 ? `${repaired} processes were repaired` : '',
  ].filter((text) => text !== '');
  return [
    `${streams} streams, ${events} events, ${seconds.toFixed(1)} s, ${differences} differences`,
    ...also,
  ].join('; ');
}

function differenceText(difference: RollupDifference): string {
  const { processName, eventType, grain, counted, events } = difference;
  return `statistics: ${processName} ${eventType}: buckets of ${grain} minutes count ${counted} of ${events}`;
}

function statisticsText(
  { events, purged }: Pick<VerifiedRollups, 'events' | 'purged'>,
  wrong: number,
): string {
  const also = purged > 0 ? `, and ${purged} that are there no more` : '';
  const todo = wrong > 0 ? '; rebuild --only statistics rebuilds them' : '';
  return `statistics: ${wrong} differences over ${events} events${also}${todo}`;
}

function checkId(id: string): void {
  const { error } = correlationIdSchema.safeParse(id);
  if (error) throw new SetupError(`verify: "${id}": ${error.issues[0]?.message}`);
}
