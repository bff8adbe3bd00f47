import { type Command, InvalidArgumentError } from 'commander';
import {
  type ApiKeyRecord,
  isScope,
  isValidKey,
  SCOPES,
  type Scope,
} from '../../domain/access/index.ts';
import { SetupError, StoreUnavailableError } from '../../domain/common/index.ts';
import { LOCAL_ACTOR } from '../../domain/process/index.ts';
import { createKeyManager, type MadeKey } from '../access/manage-keys.ts';
import { openDatabase } from '../composition/database/database-target.ts';
import { type Config, readConfig } from '../config.ts';
import { commandDetails } from './maintenance/command-details.ts';

const UNITS = { h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;
/** Milliseconds; a century. */
const LONGEST = 36_500 * UNITS.d;

/** `api-key`: who may call the service. Works while it runs, which knows within seconds. */
export function configure(command: Command): void {
  command
    .command('create')
    .description('make a key and print it, once')
    .requiredOption('--name <name>', 'who will use it', readName)
    .requiredOption('--scope <scopes>', `what for, with commas: ${SCOPES.join(', ')}`, readScopes)
    .option(
      '--expires <time>',
      'how long it works, e.g. 12h, 90d, 4w; left out: for ever',
      readTime,
    )
    .action(async (given: { name: string; scope: Scope[]; expires?: number }) => {
      await withKeys(async (keys, config) => {
        show(await keys.create(given.name, given.scope, given.expires ?? null));
        warnWhenOff(config);
      });
    });

  command
    .command('list')
    .description('show all keys, without their secrets')
    .action(() =>
      withKeys(async (keys) => {
        for (const line of table(await keys.list())) process.stdout.write(`${line}\n`);
      }),
    );

  command
    .command('rotate')
    .argument('<name>', 'whose key is to be replaced', readName)
    .description('make a second key with the same name and scopes and print it, once')
    .option('--expires <time>', 'how long it works; left out: as long as the one before', readTime)
    .action(async (name: string, { expires }: { expires?: number }) => {
      await withKeys(async (keys) => {
        const made = await keys.rotate(name, expires);
        show(made);
        note(
          `Both work now. When nobody uses the old one any more (its last use is in \`api-key list\`): api-key revoke ${made.replaces.id}`,
        );
      });
    });

  command
    .command('revoke')
    .argument('<id>', 'id of the key, or the key itself')
    .description('revoke a key; it cannot be undone')
    .action((id: string) =>
      withKeys(async (keys) => {
        const key = await keys.revoke(id);
        process.stdout.write(`revoked ${key.id} (${key.name}); it stops working within seconds\n`);
      }),
    );
}

async function withKeys(
  work: (keys: ReturnType<typeof createKeyManager>, config: Config) => Promise<void>,
): Promise<void> {
  const config = readConfig(process.env);
  const database = await openDatabase(config, {
    clock: Date.now,
    leaseMs: 0,
    onAppended: () => {},
  });
  try {
    await work(createKeyManager(database, Date.now, commandDetails()), config);
  } catch (error) {
    if (error instanceof StoreUnavailableError) {
      throw new SetupError(`nothing was changed: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    await database.close();
  }
}

/** The key alone goes to the output, so that `KEY=$(… api-key create …)` holds it and nothing else. */
function show({ text, record }: MadeKey): void {
  process.stdout.write(`${text}\n`);
  const until = record.expiresAt === null ? 'for ever' : `until ${record.expiresAt}`;
  note(
    `Key ${record.id} of ${record.name} for ${record.scopes.join(', ')}, ${until}. It is not shown again.`,
  );
}

/** Nobody should think that a key protects a service that asks for none. */
function warnWhenOff(config: Config): void {
  if (config.AUTH === 'off') note('AUTH=off is set here: a service that runs so asks for no key.');
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function table(keys: readonly ApiKeyRecord[]): string[] {
  if (keys.length === 0) return ['there are no keys'];
  const now = Date.now();
  const state = (key: ApiKeyRecord): string => {
    if (key.revokedAt !== null) return 'revoked';
    return isValidKey(key, now) ? 'valid' : 'expired';
  };
  const rows = [
    ['id', 'name', 'state', 'created', 'expires', 'last used', 'scopes'],
    ...keys.map((key) => [
      key.id,
      key.name,
      state(key),
      minutes(key.createdAt),
      minutes(key.expiresAt) || 'never',
      minutes(key.lastUsedAt) || 'never',
      key.scopes.join(','),
    ]),
  ];
  const widths =
    rows[0]?.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function minutes(time: string | null): string {
  return time === null ? '' : `${time.slice(0, 16)}Z`;
}

function readName(text: string): string {
  if (text === LOCAL_ACTOR) {
    throw new InvalidArgumentError(
      `"${LOCAL_ACTOR}" is what events say of calls without access control; take another name.`,
    );
  }
  if (/^[\w.@:-]{1,100}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be 1 to 100 letters, digits and . _ @ : -');
}

function readScopes(text: string): Scope[] {
  const words = text.split(',').map((word) => word.trim());
  const scopes = words.filter(isScope);
  const wrong = words.find((word) => !isScope(word));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(`There is no scope "${wrong}"; there are ${SCOPES.join(', ')}.`);
  }
  return [...new Set(scopes)];
}

function readTime(text: string): number {
  const [, amount, unit] = /^([1-9]\d{0,5})([hdw])$/.exec(text) ?? [];
  const time = Number(amount) * UNITS[unit as keyof typeof UNITS];
  if (time > 0 && time <= LONGEST) return time;
  throw new InvalidArgumentError('It must be a number of hours, days or weeks, e.g. 12h, 90d, 4w.');
}
