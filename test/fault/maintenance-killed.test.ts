import { spawn } from 'node:child_process';
import BetterSqlite3 from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Difference } from '../../domain/projection/verification.ts';
import { verifyProcesses } from '../../domain/projection/verify-processes.ts';
import type { Database } from '../../infrastructure/sql/database.ts';
import { openSqliteDatabase } from '../../infrastructure/sqlite/database.ts';
import { generateSqlite } from '../../src/cli/generate/generate.ts';
import { databaseFile } from '../../src/composition/database/database-target.ts';
import { endWithUs, until } from '../support/children.ts';
import { builtFile } from '../support/commands.ts';
import { temporaryFolder } from '../support/databases.ts';

const SCRIPT = await builtFile('test/support/programs/command-child.ts');
const KILL_AT = await builtFile('test/support/programs/kill-at.ts');
const KILLS = 36;
const EVENTS = 2_400;
/** How many processes one restore moves. */
const RESTORED = 80;

type Command = 'archive' | 'restore' | 'rebuild';
const COMMANDS: readonly Command[] = ['archive', 'restore', 'rebuild'];

describe('commands that are killed', () => {
  const folder = temporaryFolder();
  const file = databaseFile({ DATA_DIR: folder.path });
  let database: Database;
  let reader: BetterSqlite3.Database;
  beforeAll(async () => {
    await generateSqlite(file, {
      events: EVENTS,
      until: '2026-06-01T00:00:00Z',
      seed: 4,
      archived: 0.5,
    });
    database = await openSqliteDatabase({ file, clock: Date.now, leaseMs: 0, onAppended() {} });
    reader = new BetterSqlite3(file, { readonly: true });
  });
  afterAll(async () => {
    reader?.close();
    await database?.close();
    folder.remove();
  });

  it(`G5, G8: verify finds nothing after archive, restore and rebuild were killed ${KILLS} times with -9`, {
    timeout: 600_000,
  }, async () => {
    const before = allEvents();
    /** How many statements each command runs without a kill, as far as is known. */
    const lasts: Record<Command, number> = { archive: 100, restore: 100, rebuild: 100 };
    const killed: Record<Command, number> = { archive: 0, restore: 0, rebuild: 0 };
    let next = startCommand();
    for (let kill = 0; COMMANDS.some((command) => killed[command] < KILLS / 3); kill++) {
      expect(kill, 'commands that had to be started').toBeLessThan(KILLS * 10);
      const command = leastKilled(killed);
      const child = await next;
      next = startCommand();
      const killAt = Math.ceil(Math.random() * lasts[command]);
      child.begin(wordsOf(command), killAt);
      const code = await child.ended;
      if (code === null) {
        killed[command]++;
        // The command may have more statements than that.
        lasts[command] = Math.max(lasts[command], 2 * killAt);
      } else {
        // A restore reports the unknown id by its exit code.
        expect(code, child.output()).toBe(command === 'restore' ? 1 : 0);
        lasts[command] = child.statements();
      }
      expect(await differences(), `after kill ${kill + 1}, of ${command}`).toEqual([]);
    }
    // The next run of a command finishes what a killed one began.
    for (const command of ['rebuild', 'archive'] as const) {
      const child = await next;
      if (command === 'rebuild') next = startCommand();
      child.begin(wordsOf(command));
      expect(await child.ended, child.output()).toBe(0);
    }
    expect(await differences()).toEqual([]);
    expect(allEvents(), 'no event is lost, changed or duplicated').toEqual(before);
    expect(count("process_store WHERE status <> 'pending'")).toBe(0);
    expect(count('event_log_archive')).toBeGreaterThan(EVENTS / 2);
  });

  /** The command that was killed least often; of several the first. */
  function leastKilled(killed: Record<Command, number>): Command {
    return COMMANDS.reduce((least, one) => (killed[one] < killed[least] ? one : least));
  }

  function wordsOf(command: Command): string[] {
    if (command === 'archive') return ['archive', '--older-than', '0s'];
    if (command === 'rebuild') return ['rebuild'];
    const ids = reader
      .prepare<[number], string>(
        'SELECT correlation_id FROM process_store_archive ORDER BY RANDOM() LIMIT ?',
      )
      .pluck()
      .all(RESTORED);
    // An unknown id must not keep the others from being restored.
    return ['restore', 'nobody', ...ids];
  }

  async function differences(): Promise<Difference[]> {
    const found: Difference[] = [];
    await verifyProcesses(database.verification, { maxLagMs: 0 }, new AbortController().signal, {
      difference: (difference) => found.push(difference),
      repaired: () => {},
      progress: () => {},
    });
    return found;
  }

  /** All events, live and archived, by id and hash. */
  function allEvents(): unknown[] {
    return reader
      .prepare(
        `SELECT id, hash FROM event_log UNION ALL SELECT id, hash FROM event_log_archive ORDER BY id`,
      )
      .all();
  }

  function count(from: string): number {
    return reader.prepare<[], number>(`SELECT COUNT(*) FROM ${from}`).pluck().get() ?? 0;
  }

  /** Starts a process that waits for its command. */
  async function startCommand() {
    const child = spawn(process.execPath, ['--import', KILL_AT, SCRIPT], {
      env: { PATH: process.env.PATH, DATA_DIR: folder.path, LOG_LEVEL: 'info' },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    endWithUs(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await until(() => output.includes('ready'), 'a command is up');
    return {
      output: () => output,
      begin(words: readonly string[], killAt?: number): void {
        child.stdin.write(`${JSON.stringify({ words, killAt })}\n`);
      },
      /** How many statements the busiest of its threads ran. */
      statements: (): number =>
        Math.max(...[...output.matchAll(/^statements (\d+)$/gm)].map(([, count]) => Number(count))),
      /** Its exit code; null when it was killed. */
      ended,
    };
  }
});
