import { SetupError } from '../../../domain/common/index.ts';

/** How much to generate, and of what. The same volumes give the same rows. */
export interface Volumes {
  /** Events in all; the process that reaches the number is written whole. */
  events: number;
  seed: number;
  /** ISO 8601: the year that ends then. */
  until: string;
  /** Share of the events that are archived already, the oldest. */
  archived: number;
  /** Share of the processes that have not ended, among the newest. */
  pending: number;
  /** Share of the processes that end in an error. */
  errors: number;
  /** Ids of processes, instances and tasks: by time, as the embedded service makes them, or as callers and other engines may. */
  ids: 'ordered' | 'random';
  /** Length of the texts that stand for documents, as a multiple of the usual one. */
  payload: number;
}

export const DEFAULTS = {
  seed: 1,
  archived: 0,
  pending: 0.001,
  errors: 0.02,
  ids: 'ordered',
  payload: 1,
} as const satisfies Partial<Volumes>;

/** More would not fit the numbers of SQLite's driver, and no disk. */
const MAX_EVENTS = 1e10;
/** Of longer texts the pool has too few. */
const MAX_PAYLOAD = 10;

/**
 * Fills in what was left out.
 *
 * @throws SetupError that names the option and what it may be
 */
export function readVolumes(given: Pick<Volumes, 'events' | 'until'> & Partial<Volumes>): Volumes {
  const volumes = { ...DEFAULTS, ...given };
  const { events, seed, until, archived, pending, payload } = volumes;
  if (!Number.isInteger(events) || events < 1 || events > MAX_EVENTS) {
    throw new SetupError(`--events: must be a whole number from 1 to ${MAX_EVENTS}, not ${events}`);
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new SetupError(`--seed: must be a whole number from 0 on, not ${seed}`);
  }
  if (!/^\d{4}-\d\d-\d\dT/.test(until) || Number.isNaN(Date.parse(until))) {
    throw new SetupError(`--until: must be a time like 2026-01-31T00:00:00Z, not ${until}`);
  }
  for (const name of ['archived', 'pending', 'errors'] as const) {
    const share = volumes[name];
    if (!(share >= 0 && share <= 1)) {
      throw new SetupError(`--${name}: must be a share from 0 to 1, not ${share}`);
    }
  }
  if (!(payload >= 0 && payload <= MAX_PAYLOAD)) {
    throw new SetupError(`--payload: must be a number from 0 to ${MAX_PAYLOAD}, not ${payload}`);
  }
  if (volumes.errors > 0.5) {
    throw new SetupError(
      `--errors: must be 0.5 at most, for as many processes again recover from trouble, not ${volumes.errors}`,
    );
  }
  if (archived + pending > 1) {
    throw new SetupError(
      `--archived and --pending: together they must be 1 at most, not ${archived + pending}`,
    );
  }
  const { errors, ids } = volumes;
  return { events, seed, until, archived, pending, errors, ids, payload };
}
