import sql from 'mssql';
import { RequestError as DriverError } from 'tedious';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isTransient, StoreUnavailableError } from '../../../domain/common/errors.ts';
import { withRetry } from '../../../infrastructure/sqlserver/retry.ts';

interface Refusal {
  number: number;
  severity: number;
}

/** As either driver throws what the server says: `mssql`, and tedious by way of Knex. */
const DRIVERS = [
  [
    'mssql',
    ({ number, severity }: Refusal) => refused(new sql.RequestError('no'), number, severity),
  ],
  ['Knex', ({ number, severity }: Refusal) => refused(new DriverError('no'), number, severity)],
] as const;

function refused(error: Error, number: number, severity: number): Error {
  return Object.assign(error, { code: 'EREQUEST', number, class: severity });
}

const TRANSIENT: readonly [string, Refusal][] = [
  ['a deadlock victim', { number: 1205, severity: 13 }],
  ['a deadlock that the wait for a stream would have been', { number: 50_001, severity: 16 }],
  ['a lock that is not given in time', { number: 1222, severity: 16 }],
  ['a database that moves to another node', { number: 40_613, severity: 17 }],
  ['a database that cannot be opened', { number: 4060, severity: 11 }],
  ['a replica that is not the primary', { number: 983, severity: 14 }],
  ['a full transaction log', { number: 9002, severity: 17 }],
  ['a full disk', { number: 1105, severity: 17 }],
  ['no memory', { number: 701, severity: 17 }],
  ['a server that is busy', { number: 40_501, severity: 20 }],
];
const LOST: readonly [string, Refusal][] = [
  ['a session that is killed', { number: 596, severity: 21 }],
  ['a failover', { number: 40_197, severity: 17 }],
];
const FINAL: readonly [string, Refusal][] = [
  ['an unknown column', { number: 207, severity: 16 }],
  ['a permission that is missing', { number: 229, severity: 14 }],
  ['a text that is too long', { number: 8152, severity: 16 }],
];

describe.each(DRIVERS)('a refusal of SQL Server through %s', (_driver, made) => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** What comes of a statement that is refused again and again. */
  async function runs(refusal: Refusal, times = Number.POSITIVE_INFINITY) {
    let attempts = 0;
    const running = withRetry(async () => {
      if (++attempts <= times) throw made(refusal);
      return 'done';
    }).catch((error: unknown) => error);
    await vi.runAllTimersAsync();
    return { attempts, result: await running };
  }

  it.each([...TRANSIENT, ...LOST])('is retried: %s', async (_what, refusal) => {
    expect(await runs(refusal, 2)).toEqual({ attempts: 3, result: 'done' });
  });

  it.each(TRANSIENT)('is transient when the retries fail, too: %s', async (_what, refusal) => {
    const { attempts, result } = await runs(refusal);
    expect(attempts).toBeGreaterThan(10);
    expect(result).toBeInstanceOf(StoreUnavailableError);
    expect(isTransient(result)).toBe(true);
  });

  it.each(LOST)('has an unknown outcome when the retries fail, too: %s', async (_what, refusal) => {
    const { result } = await runs(refusal);
    expect(result).toMatchObject({ code: 'STORE_UNAVAILABLE', outcome: 'unknown' });
  });

  it.each(FINAL)('is an error at once: %s', async (_what, refusal) => {
    const { attempts, result } = await runs(refusal);
    expect(attempts).toBe(1);
    expect(result).toMatchObject({ number: refusal.number });
    expect(isTransient(result)).toBe(false);
  });
});
