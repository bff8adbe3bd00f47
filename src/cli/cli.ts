import { Command } from 'commander';
import { failInOneLine, reportFailure } from '../composition/lifecycle/explain-failure.ts';
import { VERSION } from '../composition/lifecycle/version.ts';

interface CommandModule {
  /** Adds the arguments, the options and what the command does. */
  configure(command: Command): void;
}

/** All commands, in the order of the help. The module of one is loaded when it is called, and no other. */
const COMMANDS: readonly [name: string, description: string, load: () => Promise<CommandModule>][] =
  [
    [
      'serve',
      'run the service; settings come from environment variables, see the README',
      () => import('./serve.ts'),
    ],
    [
      'demo',
      'run everything embedded, with the partner service, and print calls to try',
      () => import('./demo.ts'),
    ],
    [
      'audit',
      'print the audit log, the oldest entry first, one JSON object a line',
      () => import('./audit.ts'),
    ],
    ['migrate', 'bring the database schema up to date', () => import('./migrate.ts')],
    [
      'api-key',
      'create, list, rotate and revoke the API keys of the configured database',
      () => import('./api-key.ts'),
    ],
    [
      'bulk',
      'retry, cancel or restore many processes; the running service does the work',
      () => import('./bulk.ts'),
    ],
    [
      'subscriptions',
      'subscribe receivers to events, rotate their secrets, list and replay callbacks',
      () => import('./subscriptions.ts'),
    ],
    ['jobs', 'list and retry dead letters: jobs that failed finally', () => import('./jobs.ts')],
    [
      'archive',
      'move ended processes, with their events, to the archive, and purge the archive',
      () => import('./archive.ts'),
    ],
    [
      'restore',
      'bring archived processes back, with all their events',
      () => import('./restore.ts'),
    ],
    [
      'export',
      'write the events to a file of JSON lines, CSV or Parquet; personal data stays encrypted',
      () => import('./export.ts'),
    ],
    [
      'erase',
      'erase the personal data of ended processes by destroying their keys; it cannot be undone',
      () => import('./erase.ts'),
    ],
    [
      'rewrap-keys',
      'wrap all keys of personal data by the first master key in PERSONAL_DATA_KEY',
      () => import('./rewrap-keys.ts'),
    ],
    [
      'partner',
      'run the partner service that the shipped processes call',
      () => import('./partner.ts'),
    ],
    [
      'verify',
      'compare all processes with their events and the events with their hashes',
      () => import('./verify.ts'),
    ],
    [
      'rebuild',
      'rebuild process_store, its archive and the statistics from the events, while services keep running',
      () => import('./rebuild.ts'),
    ],
    [
      'generate',
      'fill a database with processes as the service would have written them, for trials and benchmarks',
      () => import('./generate/command.ts'),
    ],
  ];

/** Runs the command line. What ends it is told in one line, with exit code 1. */
export async function runCli(argv: readonly string[]): Promise<void> {
  const program = new Command('fastify-camunda')
    .description('A dependable REST front for BPMN processes on Camunda 7 or Operaton')
    .version(VERSION)
    .showHelpAfterError('(--help lists the options)');
  const modules = new Map<string, () => Promise<CommandModule>>();
  for (const [name, description, load] of COMMANDS) {
    program.command(name).description(description);
    modules.set(name, load);
  }
  program.hook('preSubcommand', async (_program, command) => {
    const module = await modules.get(command.name())?.();
    module?.configure(command);
  });
  const write = (text: string): void => void process.stderr.write(text);
  failInOneLine(write);
  try {
    await program.parseAsync(withoutHelpCommand(argv.slice(2)), { from: 'user' });
  } catch (error) {
    reportFailure(error, write);
    process.exitCode = 1;
  }
}

/** `help export` as `export --help`: commander would show the help of a command that is not loaded yet. */
function withoutHelpCommand(args: readonly string[]): readonly string[] {
  const [first, name] = args;
  return first === 'help' && name !== undefined ? [name, '--help'] : args;
}
