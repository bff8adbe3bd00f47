import { expect } from 'vitest';
import type { Difference, Repair } from '../../domain/projection/verification.ts';
import {
  type VerifyOptions,
  type VerifyTotals,
  verifyProcesses,
} from '../../domain/projection/verify-processes.ts';
import type { Database } from '../../infrastructure/sql/database.ts';

export interface Verified {
  totals: VerifyTotals;
  differences: Difference[];
  repairs: (Repair & { correlationId: string })[];
}

/** All that `verify` finds. Events may wait for an hour unless said otherwise. */
export async function verified(
  { verification }: Pick<Database, 'verification'>,
  options: Partial<VerifyOptions> = {},
  signal = new AbortController().signal,
): Promise<Verified> {
  const differences: Difference[] = [];
  const repairs: Verified['repairs'] = [];
  const totals = await verifyProcesses(verification, { maxLagMs: 3_600_000, ...options }, signal, {
    difference: (difference) => differences.push(difference),
    repaired: (correlationId, repair) => repairs.push({ correlationId, ...repair }),
    progress: () => {},
  });
  return { totals, differences, repairs };
}

/** G5, G8: `verify` finds nothing; returns what it has looked at. */
export async function expectVerified(
  database: Pick<Database, 'verification'>,
  options: Partial<VerifyOptions> = {},
): Promise<VerifyTotals> {
  const { totals, differences } = await verified(database, options);
  expect(differences).toEqual([]);
  return totals;
}
