import type { Page } from '../engine-api.ts';

type Parameter = string | number;

/** The conditions of a query, with their parameters. What is undefined is no condition. */
export class Where {
  readonly parameters: Parameter[] = [];
  readonly #conditions: string[] = [];

  /** @param condition with a `?` for the value */
  is(condition: string, value: Parameter | undefined): this {
    if (value === undefined) return this;
    this.#conditions.push(condition);
    this.parameters.push(value);
    return this;
  }

  /** One parameter, however many: SQLite takes a list as JSON. */
  isIn(expression: string, values: readonly string[] | undefined): this {
    if (values === undefined) return this;
    return this.is(`${expression} IN (SELECT value FROM json_each(?))`, JSON.stringify(values));
  }

  /** A condition without a value. */
  when(wanted: boolean | undefined, condition: string): this {
    if (wanted) this.#conditions.push(condition);
    return this;
  }

  get sql(): string {
    return this.#conditions.length > 0 ? `WHERE ${this.#conditions.join(' AND ')}` : '';
  }
}

/** Rows that a query gives at most when nothing is said. */
const MAX_ROWS = 2_147_483_647;

export function limitOf(page: Page | undefined): [number, number] {
  return [page?.maxResults ?? MAX_ROWS, page?.firstResult ?? 0];
}
