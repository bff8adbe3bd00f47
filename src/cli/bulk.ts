import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import {
  BULK_ACTIONS,
  type BulkAction,
  type BulkAnswer,
  type BulkRuns,
  createBulkRuns,
  STATUS_FOR,
} from '../../domain/bulk/index.ts';
import { SetupError, sleep } from '../../domain/common/index.ts';
import {
  readSought,
  readSoughtText,
  type SoughtIdentifier,
  type SoughtText,
} from '../../domain/identifiers/index.ts';
import { timeOrderedId } from '../../domain/ids/index.ts';
import { LOCAL_ACTOR } from '../../domain/process/index.ts';
import { isPersonalIdentifier } from '../../domain/steps/index.ts';
import { loadProcesses } from '../composition/definitions/load-processes.ts';
import type { Config } from '../config.ts';
import { commandDetails } from './maintenance/command-details.ts';
import { type Maintenance, runMaintenance } from './maintenance/run-maintenance.ts';

/** Milliseconds between two looks at a run. */
const POLL_INTERVAL_MS = 300;
/** Milliseconds without progress after which the command says what it waits for. */
const IDLE_MS = 10_000;
const PAGE = 1_000;
const SUMMARIES: Record<BulkAction, string> = {
  retry: 'retry all failed processes that the options find',
  cancel: 'cancel all pending processes that the options find',
  restore: 'restore all archived processes that the options find',
};

interface BeginOptions {
  process?: string;
  step?: string;
  errorCode?: SoughtText;
  identifier?: SoughtIdentifier[];
  status?: 'pending' | 'ok' | 'error';
  from?: string;
  to?: string;
  reason: string;
  dryRun?: boolean;
  maxPerSecond: number;
}

/** `bulk`: acts on many processes; the running service does the work, and this shows how far it is. */
export function configure(bulk: Command): void {
  for (const action of BULK_ACTIONS) {
    const command = bulk
      .command(action)
      .description(SUMMARIES[action])
      .option('--process <key>', 'processes of this definition')
      .option('--step <name>', 'whose current step it is')
      .option(
        '--error-code <code>',
        'that ended with this error; a * at the end: begins so',
        readText,
      )
      .option(
        '--identifier <name=value>',
        'with this business identifier, also several times; a * at the end: begins so',
        readIdentifier,
      )
      .option('--from <time>', 'last changed at or after', readTime)
      .option('--to <time>', 'last changed before', readTime)
      .requiredOption('--reason <text>', 'why, for the audit trail')
      .option('--dry-run', 'only count them')
      .option('--max-per-second <number>', 'how many in a second, at most', readRate, 50);
    const status = new Option('--status <status>', 'how they ended').choices(['ok', 'error']);
    if (!STATUS_FOR[action]) command.addOption(status);
    command.action((options: BeginOptions) =>
      onRuns(async (runs, maintenance) => {
        await refusePersonal(options, maintenance.config);
        const { id } = await runs.begin(requestOf(action, options));
        await watch(id, runs, maintenance);
      }),
    );
  }

  bulk
    .command('resume')
    .argument('<id>', 'id of the run')
    .description('continue a stopped run')
    .action((id: string) =>
      onRuns(async (runs, maintenance) => {
        known(id, await runs.resume(id, LOCAL_ACTOR));
        await watch(id, runs, maintenance);
      }),
    );
  bulk
    .command('stop')
    .argument('<id>', 'id of the run')
    .description('stop a run; what is done stays done')
    .action((id: string) =>
      onRuns(async (runs, { progress }) => {
        known(id, await runs.stop(id, LOCAL_ACTOR));
        progress.print(`stopped ${id}`);
      }),
    );
  bulk
    .command('list')
    .description('show the runs of the last 90 days, the newest first, one JSON object a line')
    .action(() =>
      onRuns(async (runs, { progress, signal }) => {
        for (let before: string | undefined; !signal.aborted; ) {
          const page = await runs.list(PAGE, before);
          for (const { collected: _, ...run } of page) progress.print(JSON.stringify(run));
          if (page.length < PAGE) return;
          before = page.at(-1)?.id;
        }
      }),
    );
  bulk
    .command('failures')
    .argument('<id>', 'id of the run')
    .description('show the processes that a run could not act on, one a line')
    .action((id: string) =>
      onRuns(async (runs, { progress, signal }) => {
        known(id, await runs.find(id));
        for (let after: string | undefined; !signal.aborted; ) {
          const page = await runs.failures(id, PAGE, after);
          for (const { correlationId, reason } of page)
            progress.print(`${correlationId} ${reason}`);
          if (page.length < PAGE) return;
          after = page.at(-1)?.correlationId;
        }
      }),
    );
}

function onRuns(work: (runs: BulkRuns, maintenance: Maintenance) => Promise<void>): Promise<void> {
  return runMaintenance(
    (maintenance) =>
      work(
        createBulkRuns(
          maintenance.database,
          { clock: Date.now, newId: timeOrderedId },
          commandDetails(),
        ),
        maintenance,
      ),
    { stopped: 'stopped; `bulk resume` with its id continues' },
  );
}

function requestOf(action: BulkAction, options: BeginOptions) {
  const { process: processName, step: currentStep, status, from, to } = options;
  const { errorCode, identifier: identifiers } = options;
  if (from && to && from >= to) {
    throw new SetupError(`--from: ${from} is not before --to, ${to}; swap them`);
  }
  const filter = {
    ...{ processName, currentStep, status: status ?? STATUS_FOR[action] },
    ...{ errorCode, identifiers, from, to },
  };
  if (Object.values(filter).every((value) => value === undefined)) {
    throw new SetupError(`bulk ${action}: say which processes, for example with --process`);
  }
  const { reason, dryRun = false, maxPerSecond } = options;
  return { action, filter, reason, actor: LOCAL_ACTOR, dryRun, maxPerSecond };
}

/** A run keeps its filter, which is no place for personal data. */
async function refusePersonal(
  { process: processKey, identifier = [] }: BeginOptions,
  { PROCESSES_DIR }: Config,
): Promise<void> {
  if (identifier.length === 0) return;
  const processes = await loadProcesses(PROCESSES_DIR || undefined);
  const definitions = new Map(
    processes.map(({ definition }) => [definition.key, definition] as const),
  );
  for (const { name } of identifier) {
    if (!isPersonalIdentifier(definitions, processKey, name)) continue;
    throw new SetupError(
      `--identifier: ${name} is personal, and a run would keep it; act on these processes one by one`,
    );
  }
}

/** Shows how far a run is, until it is done; Ctrl-C stops the run. The exit code is 1 when some processes failed. */
async function watch(id: string, runs: BulkRuns, maintenance: Maintenance): Promise<void> {
  const { progress, signal, log } = maintenance;
  let [seen, since, total] = ['', performance.now(), -1];
  while (!signal.aborted) {
    const { run, progress: counts } = known(id, await runs.find(id));
    const { done, failed, left, reasons } = counts;
    if (run.found !== total) {
      total = run.found;
      progress.start(`bulk ${run.action} ${id}`, total);
    }
    progress.update(done + failed, { failed, left, perSecond: run.perSecond });
    if (run.status === 'done' || run.status === 'stopped') {
      progress.stop();
      for (const { reason, processes } of reasons) progress.print(`${processes} failed: ${reason}`);
      progress.print(
        run.dryRun
          ? `found ${run.found} processes; nothing was done`
          : `${run.status} ${id}: ${done} of ${run.found} processes, ${failed} failed, ${left} left`,
      );
      if (failed > 0) process.exitCode = 1;
      return;
    }
    const now = `${run.status} ${run.found} ${left}`;
    if (now !== seen) [seen, since] = [now, performance.now()];
    else if (performance.now() - since > IDLE_MS) {
      log.info({ id }, 'bulk: waiting for a running service, which does the work');
      since = performance.now();
    }
    await sleep(POLL_INTERVAL_MS, signal);
  }
  progress.stop();
  await runs.stop(id, LOCAL_ACTOR);
  progress.print(`${id} is stopped`);
}

/** @throws SetupError for a run that is unknown, or not in a state for what was asked */
function known(id: string, answer: BulkAnswer): Extract<BulkAnswer, { kind: 'known' }> {
  if (answer.kind === 'known') return answer;
  throw new SetupError(
    answer.kind === 'unknown'
      ? `there is no bulk run ${id}; \`fastify-camunda bulk list\` shows all`
      : `the bulk run ${id} is ${answer.run.status}`,
  );
}

function readText(text: string): SoughtText {
  const sought = readSoughtText(text);
  if ('wrong' in sought) throw new InvalidArgumentError(`It ${sought.wrong}.`);
  return sought;
}

function readIdentifier(text: string, before: SoughtIdentifier[] = []): SoughtIdentifier[] {
  const [, name = '', value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  const sought = readSought(name, value);
  if ('wrong' in sought) throw new InvalidArgumentError('It must be a name, = and a value.');
  return [...before, sought];
}

function readTime(text: string): string {
  const parsed = z.iso.datetime({ offset: true }).safeParse(text);
  if (parsed.success) return new Date(text).toISOString();
  throw new InvalidArgumentError(
    'It must be an ISO 8601 time with its zone, like 2026-01-31T12:00:00Z.',
  );
}

function readRate(text: string): number {
  const rate = Number(text);
  if (Number.isInteger(rate) && rate >= 1 && rate <= 1_000) return rate;
  throw new InvalidArgumentError('It must be a number from 1 to 1000.');
}
