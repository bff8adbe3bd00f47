import type { ProcessKeyRow } from '../../domain/personal-data/index.ts';

/** A row of process_key; times are ISO 8601 in UTC. */
export interface KeyRow {
  correlation_id: string;
  wrapped_key: string | null;
  master_key: string | null;
  erased_at: string | null;
}

export const KEY_COLUMNS = 'correlation_id, wrapped_key, master_key, erased_at';

export function fromKeyRow(row: KeyRow): ProcessKeyRow {
  const { correlation_id: correlationId, wrapped_key, master_key, erased_at } = row;
  if (erased_at !== null) {
    return { correlationId, wrappedKey: null, masterKey: null, erasedAt: erased_at };
  }
  if (wrapped_key === null || master_key === null) {
    throw new Error(`the key of ${correlationId} is neither there nor destroyed`);
  }
  return { correlationId, wrappedKey: wrapped_key, masterKey: master_key, erasedAt: null };
}
