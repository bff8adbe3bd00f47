import { z } from 'zod';
import type { Value, Values } from '../../domain/bpmn/index.ts';
import { isExactNumber } from '../worker/java-numbers.ts';

/** A filter of a list: how a URL and a body write it, and the rows that it lets through. */
export interface Filter<Row, Wanted> {
  readonly url: z.ZodType<Wanted>;
  readonly body: z.ZodType<Wanted>;
  matches(row: Row, wanted: Wanted): boolean;
  /** The engine is asked for these rows only: the filter itself lets all through. */
  readonly passedOn?: true;
}

/** A text of a row, or several of which one is enough. */
type Texts = string | null | undefined | readonly (string | null)[];

const textList = z.string().transform((text) => text.split(','));
const flagText = z.enum(['true', 'false']).transform((text) => text === 'true');
const dateTime = z.string().transform((text, context) => {
  const milliseconds = Date.parse(text);
  if (!Number.isNaN(milliseconds)) return milliseconds;
  context.addIssue({ code: 'custom', message: `Cannot convert value '${text}' to a date` });
  return z.NEVER;
});

/** Filters that the engine itself applies. */
export const passedOn = {
  text: passOn(z.string(), z.string()),
  texts: passOn(textList, z.array(z.string())),
  flag: passOn(flagText, z.boolean()),
  date: passOn(dateTime, dateTime),
};

function passOn<Wanted>(url: z.ZodType<Wanted>, body: z.ZodType<Wanted>): Filter<unknown, Wanted> {
  return { url, body, matches: () => true, passedOn: true };
}

/** A text that equals. */
export function is<Row>(get: (row: Row) => Texts): Filter<Row, string> {
  return {
    url: z.string(),
    body: z.string(),
    matches: (row, wanted) => textsOf(get(row)).includes(wanted),
  };
}

/** One of some texts; an empty list lets everything through, as Camunda's does. */
export function isIn<Row>(get: (row: Row) => Texts): Filter<Row, string[]> {
  return {
    url: textList,
    body: z.array(z.string()),
    matches: (row, wanted) =>
      wanted.length === 0 || textsOf(get(row)).some((text) => wanted.includes(text)),
  };
}

export function isNotIn<Row>(get: (row: Row) => Texts): Filter<Row, string[]> {
  return {
    url: textList,
    body: z.array(z.string()),
    matches: (row, wanted) => !textsOf(get(row)).some((text) => wanted.includes(text)),
  };
}

/** Like a SQL pattern: `%` for any characters, `_` for one. */
export function isLike<Row>(get: (row: Row) => Texts): Filter<Row, string> {
  return {
    url: z.string(),
    body: z.string(),
    matches(row, wanted) {
      const pattern = likePattern(wanted);
      return textsOf(get(row)).some((text) => pattern.test(text));
    },
  };
}

/** True asks for rows that have something; false asks for nothing, as in Camunda. */
export function holds<Row>(test: (row: Row) => boolean): Filter<Row, boolean> {
  return { url: flagText, body: z.boolean(), matches: (row, wanted) => !wanted || test(row) };
}

/** Lets all rows through: nothing here differs in it, for instance without tenants. */
export function always<Row>(): Filter<Row, boolean> {
  return { url: flagText, body: z.boolean(), matches: () => true };
}

/** There are no tenants: nothing is of one of those that are asked for. */
export function tenantFilters<Row>() {
  return { tenantIdIn: isIn<Row>(() => null), withoutTenantId: always<Row>() };
}

export function isBefore<Row>(get: (row: Row) => number | null): Filter<Row, number> {
  return {
    url: dateTime,
    body: dateTime,
    matches: (row, wanted) => (get(row) ?? Number.POSITIVE_INFINITY) < wanted,
  };
}

export function isAfter<Row>(get: (row: Row) => number | null): Filter<Row, number> {
  return {
    url: dateTime,
    body: dateTime,
    matches: (row, wanted) => (get(row) ?? Number.NEGATIVE_INFINITY) > wanted,
  };
}

export function isNumber<Row>(get: (row: Row) => number): Filter<Row, number> {
  return numeric((row, wanted) => get(row) === wanted);
}

export function isAtLeast<Row>(get: (row: Row) => number): Filter<Row, number> {
  return numeric((row, wanted) => get(row) >= wanted);
}

export function isAtMost<Row>(get: (row: Row) => number): Filter<Row, number> {
  return numeric((row, wanted) => get(row) <= wanted);
}

function numeric<Row>(matches: (row: Row, wanted: number) => boolean): Filter<Row, number> {
  return { url: z.coerce.number(), body: z.number(), matches };
}

const dateOperator = z.enum(['gt', 'lt']);
const dateCondition = z.strictObject({ operator: dateOperator, value: dateTime });

/** Times before or after some: `gt_2026-11-30T10:00:00.000+0000`, comma-separated in a URL. */
export function dateConditions<Row>(
  get: (row: Row) => number | null,
): Filter<Row, z.infer<typeof dateCondition>[]> {
  const texts = textList.pipe(
    z.array(
      z
        .templateLiteral([dateOperator, '_', z.string()])
        .transform((text) => ({ operator: text.slice(0, 2), value: text.slice(3) }))
        .pipe(dateCondition),
    ),
  );
  return {
    url: texts,
    body: z.array(dateCondition),
    matches(row, wanted) {
      const found = get(row) ?? Number.NaN;
      return wanted.every(({ operator: how, value }) =>
        how === 'gt' ? found > value : found < value,
      );
    },
  };
}

const OPERATORS = {
  eq: (order: number) => order === 0,
  neq: (order: number) => order !== 0,
  gt: (order: number) => order > 0,
  gteq: (order: number) => order >= 0,
  lt: (order: number) => order < 0,
  lteq: (order: number) => order <= 0,
};
const operator = z.enum([
  ...(Object.keys(OPERATORS) as [keyof typeof OPERATORS, ...(keyof typeof OPERATORS)[]]),
  'like',
]);
const condition = z.strictObject({ name: z.string(), operator, value: z.unknown() });
type Condition = z.infer<typeof condition>;

/** `name_operator_value`, comma-separated in a URL, where values are texts; the name may have underscores itself. */
const conditionTexts = z.string().transform((text, context): Condition[] =>
  text.split(',').map((one) => {
    const [, name = '', how, value = ''] =
      /^(.+?)_(eq|neq|gteq|gt|lteq|lt|like)_(.+)$/.exec(one) ?? [];
    const found = operator.safeParse(how);
    if (found.success) return { name, operator: found.data, value };
    context.addIssue({ code: 'custom', message: `Invalid variable condition: ${one}` });
    return z.NEVER;
  }),
);

/** Conditions on variables, all of which must hold. */
export function withVariables<Row>(get: (row: Row) => Values): Filter<Row, Condition[]> {
  return {
    url: conditionTexts,
    body: z.array(condition),
    matches(row, wanted) {
      const values = new Map(Object.entries(get(row)));
      return wanted.every((one) => fulfills(values.get(one.name), one));
    },
  };
}

function fulfills(variable: Value | undefined, wanted: Condition): boolean {
  if (!variable) return false;
  const { value } = variable;
  const given = isExactNumber(wanted.value) ? Number(wanted.value.text) : wanted.value;
  if (wanted.operator === 'like') return likePattern(String(given)).test(String(value));
  const order = value === given ? 0 : compare(value, given);
  return OPERATORS[wanted.operator](order);
}

/** Not a number when the two cannot be compared; then nothing but `neq` holds. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : 1;
  return Number.NaN;
}

function textsOf(found: Texts): string[] {
  const list = Array.isArray(found) ? found : [found];
  return list.filter((text) => typeof text === 'string');
}

function likePattern(pattern: string): RegExp {
  const escaped = pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('%', '.*').replaceAll('_', '.')}$`, 's');
}
