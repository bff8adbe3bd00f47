import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Page } from './engine-api.ts';
import type { Filter } from './http-filters.ts';
import { json } from './http-json.ts';
import { BadRequest } from './typed-value.ts';

// `Filter.matches` is a method, so filters with values of every kind are assignable here.
type Filters<Row> = Readonly<Record<string, Filter<Row, unknown>>>;

/** What a caller asked for, by the name of the filter. */
type Wanted<F> = {
  readonly [Name in keyof F]?: F[Name] extends { readonly url: z.ZodType<infer Value> }
    ? Value
    : never;
};

/** What rows are sorted by; null comes first. */
type SortKeys<Row> = Readonly<Record<string, (row: Row) => string | number | null>>;
interface Sorting {
  readonly sortBy: string;
  readonly sortOrder: 'asc' | 'desc';
}

interface ListDefinition<Row, F> {
  readonly path: string;
  readonly filters: F;
  readonly sortKeys: SortKeys<Row>;
  /** The key that `find` sorts its rows by anyway. */
  readonly order?: string;
  /** Camunda has the list as a POST, too. */
  readonly byPost?: true;
  /**
   * Rows among which are all that are wanted: those that the filters which are `passedOn` let through.
   *
   * @param page given when no more is wanted than what `find` does itself
   */
  find(wanted: Wanted<F>, page?: Page): Row[];
  view(row: Row, wanted: Wanted<F>): unknown;
}

interface ListRequest<F> {
  wanted: Wanted<F>;
  sortings: readonly Sorting[];
  firstResult: number;
  maxResults: number;
}

const order = z.enum(['asc', 'desc']);
const pageShape = {
  firstResult: z.coerce.number().int().min(0).default(0),
  maxResults: z.coerce.number().int().min(0).default(Number.MAX_SAFE_INTEGER),
};
const pageQuery = z.strictObject(pageShape);

/**
 * Registers a list and its count, by GET and, where Camunda has it, by POST. Filters that are not known are refused: to
 * pass over one would answer another question.
 */
export function registerList<Row, const F extends Filters<Row>>(
  api: FastifyInstance,
  list: ListDefinition<Row, F>,
): void {
  const { path } = list;
  const { fromUrl, fromBody } = requestParsers<Row, F>(list);
  const answer = (request: ListRequest<F>) =>
    page(list, request).map((row) => list.view(row, request.wanted));
  const count = (request: ListRequest<F>) => ({ count: select(list, request).length });
  api.get(path, (request, reply) => json(reply, answer(fromUrl(request.query))));
  api.get(`${path}/count`, (request, reply) => json(reply, count(fromUrl(request.query))));
  if (!list.byPost) return;
  api.post(path, ({ body, query }, reply) => json(reply, answer(fromBody(body, query))));
  api.post(`${path}/count`, ({ body, query }, reply) => json(reply, count(fromBody(body, query))));
}

function requestParsers<Row, F extends Filters<Row>>({
  filters,
  sortKeys,
}: ListDefinition<Row, F>) {
  const sortBy = z.enum(Object.keys(sortKeys) as [string, ...string[]]);
  const shape = (side: 'url' | 'body') =>
    Object.fromEntries(
      Object.entries(filters).map(([name, filter]) => [
        name,
        side === 'url' ? filter.url.optional() : filter.body.nullish(),
      ]),
    );
  const sortShape = { sortBy: sortBy.optional(), sortOrder: order.optional() };
  const urlQuery = z.strictObject({ ...shape('url'), ...pageShape, ...sortShape });
  const sorting = z.array(z.strictObject({ sortBy, sortOrder: order })).nullish();
  const bodyQuery = z.strictObject({ ...shape('body'), sorting }).nullish();
  return {
    fromUrl(query: unknown): ListRequest<F> {
      const { firstResult, maxResults, sortBy: by, sortOrder, ...given } = urlQuery.parse(query);
      if ((by === undefined) !== (sortOrder === undefined)) {
        throw new BadRequest(
          'Only a single sorting parameter specified. sortBy and sortOrder required',
        );
      }
      const sortings = by && sortOrder ? [{ sortBy: by, sortOrder }] : [];
      return { wanted: given as Wanted<F>, sortings, firstResult, maxResults };
    },
    fromBody(body: unknown, query: unknown): ListRequest<F> {
      const { sorting: sortings, ...given } = bodyQuery.parse(body) ?? {};
      // A null and an empty list ask for nothing.
      const wanted = Object.entries(given).filter(
        ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
      );
      return {
        wanted: Object.fromEntries(wanted) as Wanted<F>,
        sortings: sortings ?? [],
        ...pageQuery.parse(query),
      };
    },
  };
}

function page<Row, F extends Filters<Row>>(
  list: ListDefinition<Row, F>,
  request: ListRequest<F>,
): Row[] {
  const { wanted, sortings, firstResult, maxResults } = request;
  const [first] = sortings;
  const isSorted = !first || (first.sortBy === list.order && first.sortOrder === 'asc');
  const isPassedOn = askedOf(wanted).every(([name]) => list.filters[name]?.passedOn);
  if (isSorted && isPassedOn && list.order) return list.find(wanted, { firstResult, maxResults });
  return select(list, request).slice(firstResult, firstResult + maxResults);
}

function select<Row, F extends Filters<Row>>(
  { filters, sortKeys, find }: ListDefinition<Row, F>,
  { wanted, sortings }: ListRequest<F>,
): Row[] {
  const asked = askedOf(wanted);
  const found = find(wanted).filter((row) =>
    asked.every(([name, value]) => filters[name]?.matches(row, value)),
  );
  return sortings.length === 0 ? found : found.sort(comparing(sortings, sortKeys));
}

function askedOf(wanted: object): [string, unknown][] {
  return Object.entries(wanted).filter(([, value]) => value !== undefined);
}

function comparing<Row>(
  sortings: readonly Sorting[],
  keys: SortKeys<Row>,
): (a: Row, b: Row) => number {
  return (a, b) => {
    for (const { sortBy, sortOrder } of sortings) {
      const compared = compare(keys[sortBy]?.(a) ?? null, keys[sortBy]?.(b) ?? null);
      if (compared !== 0) return sortOrder === 'asc' ? compared : -compared;
    }
    return 0;
  };
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}
