import type { Command } from 'commander';
import { SetupError } from '../../../domain/common/index.ts';
import { databaseFile, openDatabase } from '../../composition/database/database-target.ts';
import { createCommandLogger } from '../../composition/observability/logger.ts';
import { readConfig } from '../../config.ts';
import { createProgress } from '../maintenance/progress.ts';
import { INTERRUPTED, stopBySignal } from '../maintenance/run-maintenance.ts';
import {
  type Generated,
  type GenerateOptions,
  generateProcesses,
  generateSqlite,
} from './generate.ts';
import { DEFAULTS, readVolumes, type Volumes } from './volumes.ts';

type NumberOption = 'events' | 'seed' | 'archived' | 'pending' | 'errors' | 'payload';

interface Options extends Record<NumberOption, string> {
  until?: string;
  ids: string;
  dataDir?: string;
}

/** `generate`: fills a database for trials and benchmarks. */
export function configure(command: Command): void {
  command
    .addHelpText(
      'after',
      '\nThe processes are spread over the year up to --until. An SQLite database is made when it is not there.',
    )
    .requiredOption('--events <n>', 'events in all; a process has 4 to 10')
    .option('--seed <n>', 'the same seed gives the same processes', String(DEFAULTS.seed))
    .option(
      '--archived <share>',
      'share that is archived already, from 0 to 1',
      String(DEFAULTS.archived),
    )
    .option('--pending <share>', 'share of processes that have not ended', String(DEFAULTS.pending))
    .option('--errors <share>', 'share of processes that end in an error', String(DEFAULTS.errors))
    .option('--until <time>', 'ISO 8601; end of the year (default: now)')
    .option(
      '--payload <factor>',
      'length of the texts that stand for documents, as a multiple of the usual one',
      String(DEFAULTS.payload),
    )
    .option(
      '--ids <kind>',
      'ids of processes, instances and tasks: ordered by time, or random',
      DEFAULTS.ids,
    )
    .option('--data-dir <folder>', 'folder of an SQLite database (default: DATA_DIR)')
    .action(run);
}

async function run(options: Options): Promise<void> {
  const volumes = volumesOf(options);
  const { dataDir } = options;
  const config = readConfig(
    dataDir === undefined ? process.env : { ...process.env, DATA_DIR: dataDir },
  );
  const isServer = config.DATABASE_URL !== '';
  if (isServer && dataDir !== undefined) {
    throw new SetupError('--data-dir: DATABASE_URL is set as well; leave out one of them');
  }
  const progress = createProgress(
    await createCommandLogger(config.LOG_LEVEL, process.stderr.isTTY === true, process.stderr),
  );
  const stop = stopBySignal();
  const generateOptions: GenerateOptions = {
    ...volumes,
    signal: stop.signal,
    onProgress: (events) => progress.update(events),
  };
  const began = performance.now();
  let generated: Generated;
  progress.start('generating events', volumes.events);
  try {
    if (isServer) {
      const noService = { clock: Date.now, leaseMs: 0, onAppended: () => {} };
      const database = await openDatabase(config, noService);
      generated = await generateProcesses(database, generateOptions).finally(database.close);
    } else {
      generated = await generateSqlite(databaseFile(config), generateOptions);
    }
  } finally {
    progress.stop();
    stop.dispose();
  }
  const seconds = (performance.now() - began) / 1_000;
  const { events, processes } = generated;
  const rate = Math.round(events / seconds).toLocaleString('en');
  const again = `the same --events with --seed ${volumes.seed} --until ${volumes.until} gives them again`;
  process.stdout.write(
    `${events.toLocaleString('en')} events of ${processes.toLocaleString('en')} processes in ${seconds.toFixed(1)} s, ${rate} a second; ${stop.signal.aborted ? 'stopped early' : again}\n`,
  );
  if (stop.signal.aborted) process.exitCode = INTERRUPTED;
}

/** @throws SetupError that names the option */
function volumesOf(options: Options): Volumes {
  const number = (name: NumberOption): number => {
    const value = options[name].trim() === '' ? Number.NaN : Number(options[name]);
    if (Number.isNaN(value)) throw new SetupError(`--${name}: "${options[name]}" is not a number`);
    return value;
  };
  const { ids, until = new Date().toISOString() } = options;
  if (ids !== 'ordered' && ids !== 'random') {
    throw new SetupError(`--ids: must be ordered or random, not "${ids}"`);
  }
  return readVolumes({
    events: number('events'),
    seed: number('seed'),
    archived: number('archived'),
    pending: number('pending'),
    errors: number('errors'),
    payload: number('payload'),
    until,
    ids,
  });
}
