import { type Command, InvalidArgumentError, Option } from 'commander';
import { SetupError } from '../../domain/common/index.ts';
import { type DeadLetters, JOB_NAMES, type JobName } from '../../domain/outbox/index.ts';
import { checkRedis } from '../../infrastructure/redis/check-redis.ts';
import { openRedis, prefixFor, untilReady } from '../../infrastructure/redis/connection.ts';
import { openDeadLetters } from '../../infrastructure/redis/dead-letters.ts';
import { readConfig, redactConfig } from '../config.ts';

/** Milliseconds that Redis has to answer. */
const CONNECT_MS = 5_000;

/** `jobs`: the dead letters in Redis. */
export function configure(jobs: Command): void {
  const name = () => new Option('--name <name>', 'jobs of this name only').choices(JOB_NAMES);

  jobs
    .command('failed')
    .description('list the dead letters, the newest first, one JSON object a line')
    .addOption(name())
    .option('--limit <number>', 'how many at most', readLimit, 100)
    .action(async (options: { name?: JobName; limit: number }) => {
      await withDeadLetters(async (deadLetters) => {
        const found = await deadLetters.list({ name: options.name }, options.limit + 1);
        for (const job of found.slice(0, options.limit)) {
          process.stdout.write(`${JSON.stringify(job)}\n`);
        }
        if (found.length === 0) process.stderr.write('there are no dead letters\n');
        if (found.length > options.limit) process.stderr.write('there are more; raise --limit\n');
      });
    });

  jobs
    .command('retry')
    .description('run dead letters again')
    .argument('[ids...]', 'ids as `jobs failed` shows them')
    .option('--all', 'all of them')
    .addOption(name())
    .action(async (ids: string[], options: { all?: boolean; name?: JobName }) => {
      if (ids.length > 0 === (options.all === true)) {
        throw new SetupError('jobs retry: give ids, or --all');
      }
      if (ids.length > 0 && options.name) {
        throw new SetupError('jobs retry: --name goes with --all, an id has its name in it');
      }
      await withDeadLetters(async (deadLetters) => {
        if (options.all) {
          const count = await deadLetters.retryAll(options.name);
          process.stdout.write(`${count} will run again\n`);
          return;
        }
        const unknown: string[] = [];
        for (const id of ids) {
          if (await deadLetters.retry(id)) process.stdout.write(`${id} will run again\n`);
          else unknown.push(id);
        }
        if (unknown.length > 0) {
          throw new SetupError(
            `jobs retry: there is no dead letter with the id ${unknown.join(', ')}`,
          );
        }
      });
    });
}

async function withDeadLetters(work: (deadLetters: DeadLetters) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  const { REDIS_URL: url, REDIS_PREFIX: prefix } = config;
  if (url === '') {
    throw new SetupError(
      'REDIS_URL: without it the jobs are in the memory of the service; use its calls GET /api/admin/jobs/failed and POST /api/admin/jobs/failed/retry',
    );
  }
  await checkRedis(url).catch((cause: Error) => {
    const shown = redactConfig(config).REDIS_URL;
    throw new SetupError(`REDIS_URL: cannot use ${shown}: ${cause.message}`, { cause });
  });
  const connection = openRedis(url, 'caller', () => {});
  try {
    await untilReady(connection, CONNECT_MS);
    const opened = openDeadLetters(connection, prefixFor(url, prefix));
    await work(opened.deadLetters);
    await opened.close();
  } finally {
    connection.disconnect();
  }
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) {
    throw new InvalidArgumentError('It must be a number from 1 to 100000.');
  }
  return limit;
}
