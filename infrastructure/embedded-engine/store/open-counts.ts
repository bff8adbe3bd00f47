import type BetterSqlite3 from 'better-sqlite3';
import type { NodeId, State } from '../../../domain/bpmn/index.ts';

/** Nodes of one element, which are open and wait at no join. */
export interface OpenNodes {
  definition: string;
  /** `INSTANCE`: the running instances themselves. */
  element: number;
  /** 1: they are on their way, into it for example. */
  pending: 0 | 1;
  open: number;
}

/** Instead of an element: what is counted are instances of the definition. */
const INSTANCE = -1;

/** How many instances of each definition run, and how many nodes are open at each of its elements. */
export interface OpenCounts {
  /** Replaces what a root counts for; `flush` writes it. */
  change(before: readonly OpenNodes[], after: readonly OpenNodes[]): void;
  /** Writes all changes, in the transaction in which they were made. */
  flush(): void;
  /** That transaction is rolled back. */
  drop(): void;
  of(definitionId: string): OpenNodes[];
  running(): Pick<OpenNodes, 'definition' | 'open'>[];
}

/**
 * Kept with the states, because to read 100,000 of them takes seconds. A question reads a row for each element. The
 * transactions of many callers change the same few rows, each once.
 */
export function createOpenCounts(db: BetterSqlite3.Database): OpenCounts {
  const add = db.prepare(
    `INSERT INTO engine_open_count (definition_id, element, pending, open) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET open = open + excluded.open`,
  );
  const of = db.prepare<[string, number], OpenNodes>(COUNTS_OF_DEFINITION);
  const running = db.prepare<[number], Pick<OpenNodes, 'definition' | 'open'>>(
    'SELECT definition_id AS definition, open FROM engine_open_count WHERE element = ? AND open > 0',
  );
  let changes: OpenNodes[] = [];

  return {
    change(before, after) {
      for (const one of before) sum(changes, one, -one.open);
      for (const one of after) sum(changes, one, one.open);
    },
    flush() {
      for (const { definition, element, pending, open } of changes) {
        if (open !== 0) add.run(definition, element, pending, open);
      }
      changes = [];
    },
    drop() {
      changes = [];
    },
    of: (definitionId) => of.all(definitionId, INSTANCE),
    running: () => running.all(INSTANCE),
  };
}

/** Exported for the test of its plan. */
export const COUNTS_OF_DEFINITION = `SELECT definition_id AS definition, element, pending, open FROM engine_open_count
     WHERE definition_id = ? AND element > ? AND open > 0`;

/** The open nodes of a state, by their elements, and its instances. */
export function openNodesOf({ nodes }: Pick<State, 'nodes'>): OpenNodes[] {
  const definitions = new Map<NodeId, string>();
  const found: OpenNodes[] = [];
  for (const { id, instance, kept } of nodes) {
    if (!instance) continue;
    const { definition } = instance;
    definitions.set(id, definition);
    if (!kept) sum(found, { definition, element: INSTANCE, pending: 0 }, 1);
  }
  for (const node of nodes) {
    const definition = definitions.get(node.in);
    if (definition === undefined || node.id === node.in) continue;
    if (node.kept || node.joined || node.ended || node.pending === 'stranded') continue;
    const pending = node.pending === undefined ? 0 : 1;
    sum(found, { definition, element: node.el, pending }, 1);
  }
  return found;
}

/** They are few: a list is searched faster than keys are made. */
function sum(sums: OpenNodes[], one: Omit<OpenNodes, 'open'>, open: number): void {
  const { definition, element, pending } = one;
  const known = sums.find(
    (other) =>
      other.element === element && other.pending === pending && other.definition === definition,
  );
  if (known) known.open += open;
  else sums.push({ definition, element, pending, open });
}
