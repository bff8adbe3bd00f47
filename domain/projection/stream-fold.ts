import type { IdentifierSource } from '../identifiers/index.ts';
import { evolve, type ProcessState } from '../process/index.ts';
import type { FoldedRow, ProjectedRow, UnreadEvent } from './projected-row.ts';

/** How a row differs from its events. */
type FoldDifference =
  /** The row says something else than the events up to its version. */
  | 'wrong'
  /** There are events, and no row. */
  | 'missing'
  /** There is a row, and no events. */
  | 'phantom';

export interface Folded {
  /** The row for the shadow table. */
  row: ProjectedRow | FoldedRow | null;
  difference: FoldDifference | null;
  /** False for a process of another definition than the one that is rebuilt. */
  isRebuilt: boolean;
  last: UnreadEvent | null;
  /** Those of its first event. */
  identifiers: IdentifierSource | null;
  /** Number of events read. */
  events: number;
}

export interface StreamFold {
  /** Events must come in the order of their versions. */
  add(event: UnreadEvent): void;
  end(): Folded;
}

/**
 * Folds one stream, event by event, and compares it with its current row. The row of a process that is not
 * rebuilt is only brought up to date, as its next projection would: the new table must never lack what the
 * current one has by then.
 *
 * @param processKey the one definition to rebuild; null: all
 */
export function createStreamFold(
  current: ProjectedRow | null,
  processKey: string | null,
): StreamFold {
  let state: ProcessState | null = null;
  /** The fold of the events that the current row has seen. */
  let stateOfRow: ProcessState | null = null;
  let isRebuilt = processKey === null || current?.processName === processKey;
  let last: UnreadEvent | null = null;
  let identifiers: IdentifierSource | null = null;
  let events = 0;

  function add(event: UnreadEvent): void {
    if (event.version === 1) identifiers = identifiersOf(event);
    if (!last) isRebuilt = processKey === null || event.processName === processKey;
    last = event;
    events++;
    if (!isRebuilt && current) {
      if (event.version <= current.version) return;
      state ??= current.toState();
    }
    state = evolve(state, event.read());
    if (event.version === current?.version) stateOfRow = state;
  }

  function end(): Folded {
    const common = { isRebuilt, last, identifiers, events };
    if (!last) {
      if (!isRebuilt) return { ...common, row: current, difference: null };
      return { ...common, row: null, difference: current && 'phantom' };
    }
    const difference = isRebuilt ? compare(current, stateOfRow) : null;
    // A row that is right and up to date stays as it is.
    if (current && !difference && current.version === last.version) {
      return { ...common, row: current, difference };
    }
    if (!isRebuilt && !state) return { ...common, row: current, difference };
    const movedAt = current?.movedAt ?? last.archivedAt;
    return { ...common, row: state && { state, movedAt }, difference };
  }

  return { add, end };
}

function identifiersOf(event: UnreadEvent): IdentifierSource | null {
  const identifiers = event.readIdentifiers();
  const { correlationId, processName } = event;
  return identifiers ? { correlationId, processName, identifiers } : null;
}

function compare(row: ProjectedRow | null, state: ProcessState | null): FoldDifference | null {
  if (!row) return 'missing';
  return state === null || row.compare(state) ? 'wrong' : null;
}
