import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { SetupError, UnreadableEventError } from '../../domain/common/index.ts';
import {
  type Counts,
  type Outcome,
  rebuildProcesses,
  TakenOverError,
} from '../../domain/projection/index.ts';
import { rebuildRollups } from '../../domain/rollups/index.ts';
import { SCHEMA_VERSION } from '../../migrations/index.ts';
import { VERSION } from '../composition/lifecycle/version.ts';
import { type Maintenance, runMaintenance } from './maintenance/run-maintenance.ts';

const BEGINNINGS = {
  new: null,
  resumed: 'resuming where the last run stopped',
  'other-parameters':
    'the last run did not finish, and was for another process, release or schema: starting again',
  moved: 'processes moved to or from the archive meanwhile: starting again',
} as const;

/** What other code has made is not resumed. */
const MADE_BY = `${VERSION}, schema ${SCHEMA_VERSION}`;
/** Events of a batch of the rollups. */
const ROLLUP_BATCH = 1_000;

interface RebuildCommandOptions {
  process?: string;
  only?: 'processes' | 'statistics';
}

/** `rebuild`: rebuilds the projected rows from their events, while services keep running. */
export function configure(command: Command): void {
  command
    .option('--process <key>', 'only the processes of this definition, without the statistics')
    .addOption(
      new Option('--only <part>', 'rebuild only this').choices(['processes', 'statistics']),
    )
    .action(async ({ process: processKey, only }: RebuildCommandOptions) => {
      if (processKey !== undefined && only === 'statistics') {
        throw new SetupError(
          '--process: the statistics cover all processes and are rebuilt together; leave out --process or --only',
        );
      }
      const details = { process: processKey ?? null, only: only ?? null };
      await runMaintenance(
        (maintenance) =>
          maintenance.audited({ action: 'rebuild', details }, async () => {
            if (only !== 'statistics') await rebuild(maintenance, processKey ?? null);
            const all = processKey === undefined && only !== 'processes';
            if (all && !maintenance.signal.aborted) await rebuildStatistics(maintenance);
          }),
        { locks: [['tables', 'exclusive']] },
      );
    });
}

/** The rollups; what was purged is not in the events any more, and so not in these either. */
async function rebuildStatistics(maintenance: Maintenance): Promise<void> {
  const { database, log, progress, signal } = maintenance;
  const { rollups: store, rollupSource: source } = database;
  progress.start('rebuild: statistics', Number(await source.head()));
  const outcome = await rebuildRollups(
    { store, source },
    { batch: ROLLUP_BATCH, madeBy: MADE_BY },
    signal,
    {
      onBegin({ resumed, position }) {
        if (resumed) log.info({ position }, 'statistics: resuming where the last run stopped');
      },
      onPage: ({ events, position }) => progress.update(Number(position), { events }),
    },
  );
  progress.stop();
  if (outcome.kind === 'taken-over') throw explained(new TakenOverError());
  if (outcome.kind === 'swapped') {
    progress.print(`rebuilt the statistics from ${outcome.events.toLocaleString('en-US')} events`);
  }
}

async function rebuild(maintenance: Maintenance, processKey: string | null): Promise<void> {
  const { database, log, progress, signal } = maintenance;
  const store = await database.openRebuild();
  try {
    if (processKey !== null && !(await store.hasProcess(processKey))) {
      throw new SetupError(
        `--process: there is no process of "${processKey}" in this database; its name is the key of its definition, as in the list of processes`,
      );
    }
    progress.start('rebuild: events', await store.countEvents());
    const outcome = await rebuildProcesses(store, {
      processKey,
      madeBy: MADE_BY,
      run: randomUUID(),
      signal,
      onBegin(how) {
        const text = BEGINNINGS[how];
        if (text) log.info(text);
      },
      onPage: ({ read, ...counts }) => progress.update(read, counts),
    });
    progress.stop();
    if (outcome.kind === 'swapped') progress.print(summary(outcome));
  } catch (error) {
    throw explained(error);
  } finally {
    await store.close();
  }
}

/** What a user can do about it, or the error itself. */
function explained(error: unknown): unknown {
  if (error instanceof TakenOverError) {
    return new SetupError(
      'another rebuild has taken over: this one had lost its lock; wait for the end of the other one',
      { cause: error },
    );
  }
  if (error instanceof UnreadableEventError) {
    return new SetupError(`${error.message}: upgrade this instance`, { cause: error });
  }
  return error;
}

/** The result in one line. */
function summary({ counts, swapMs }: Extract<Outcome, { kind: 'swapped' }>): string {
  const number = (value: number): string => value.toLocaleString('en-US');
  const { processes, events } = counts;
  const swap = swapMs === null ? '' : `; writers waited ${Math.ceil(swapMs)} ms`;
  return `rebuilt ${number(processes)} processes from ${number(events)} events: ${changes(counts, number)}${swap}`;
}

function changes(counts: Counts, number: (value: number) => string): string {
  const { wrong, missing, phantom } = counts;
  if (wrong + missing + phantom === 0) return 'every row was right';
  return `${number(wrong)} rows were wrong, ${number(missing)} were missing, ${number(phantom)} had no events`;
}
