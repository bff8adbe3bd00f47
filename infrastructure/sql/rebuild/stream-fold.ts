import { evolve, type ProcessState } from '../../../domain/process/index.ts';
import { encodeFilter } from '../process-name.ts';
import { fromProcessRow, PROCESS_COLUMNS, type ProcessRow, toProcessRow } from '../process-row.ts';
import { type FoldRow, toFoldEvent } from './fold-row.ts';
import type { KeptRow } from './tables.ts';

/** What was found of a row that is not what its events say. */
export type Difference =
  /** It says something else than the events up to its version. */
  | 'wrong'
  /** It is not there. */
  | 'missing'
  /** It is there, and no events. */
  | 'phantom';

export interface Folded {
  row: KeptRow | null;
  difference: Difference | null;
  /** False for a process that is none of those that are to be rebuilt. */
  own: boolean;
  last: FoldRow | null;
  /** How many were read. */
  events: number;
}

/**
 * Folds one stream, event by event, beside the row that is there. The row of a process that is not to be
 * rebuilt is only carried on, as its next projection would: so that the new table never lacks what the old
 * one has by then.
 *
 * @param processKey the one process to rebuild; null: all
 */
export function createStreamFold(known: KeptRow | null, processKey: string | null) {
  let state: ProcessState | null = null;
  let atKnown: ProcessState | null = null;
  const name = processKey && encodeFilter(processKey);
  let own = name === null || known?.process_name === name;
  let last: FoldRow | null = null;
  let events = 0;

  function add(event: FoldRow): void {
    if (!last) {
      own = name === null || event.process_name === name;
      if (!own && known) state = fromProcessRow(known);
    }
    last = event;
    events++;
    if (!own && known && event.version <= known.version) return;
    state = evolve(state, toFoldEvent(event));
    if (event.version === known?.version) atKnown = state;
  }

  function end(): Folded {
    const kept = known?.kept ?? last?.archived_at ?? null;
    if (!last) {
      return {
        row: own ? null : known,
        difference: own && known ? 'phantom' : null,
        own,
        last,
        events,
      };
    }
    if (!own && known && last.version <= known.version) {
      return { row: known, difference: null, own, last, events };
    }
    const row = state && { ...toProcessRow(state), kept };
    const told = atKnown === state ? row : atKnown && toProcessRow(atKnown);
    return { row, difference: own ? compare(known, told) : null, own, last, events };
  }

  return { add, end };
}

/** @param told what the events up to the version of the row say */
function compare(known: ProcessRow | null, told: ProcessRow | null): Difference | null {
  if (!known) return 'missing';
  return told && PROCESS_COLUMNS.every((name) => told[name] === known[name]) ? null : 'wrong';
}
