/** A JSON Schema of the document. */
export type Schema = Record<string, unknown>;

/** A value near the limit of a schema; a validator decides whether the schema allows it. */
export interface Variation {
  what: string;
  value: unknown;
}

const OTHER_TYPES: Variation[] = [
  { what: 'a number', value: 7 },
  { what: 'a text', value: 'text' },
  { what: 'a flag', value: true },
  { what: 'null', value: null },
  { what: 'a list', value: ['text'] },
  { what: 'an object', value: { field: 1 } },
];

/**
 * Derives values at the limits of a schema from its keywords.
 *
 * @param sample a value that the schema allows
 */
export function variationsOf(schema: Schema, sample: unknown): Variation[] {
  const { type } = schema;
  const own =
    type === 'object'
      ? objectVariations(schema, sample)
      : type === 'string'
        ? textVariations(schema)
        : type === 'integer'
          ? numberVariations(schema)
          : type === 'array'
            ? listVariations(schema)
            : [];
  return type === undefined ? own : [...own, ...OTHER_TYPES];
}

/** Texts, and other values in the form that a query gives them. */
export function textVariations(schema: Schema): Variation[] {
  const {
    minLength = 0,
    maxLength,
    not,
  } = schema as { minLength?: number; maxLength?: number; not?: Schema };
  const { format } = schema;
  if (format === 'date-time') return timeVariations();
  const named = [...((schema.enum as unknown[]) ?? []), ...((not?.enum as unknown[]) ?? [])];
  return [
    ...named.map((value) => ({ what: `the word ${value}`, value })),
    { what: 'an unlisted word', value: 'unlisted-word' },
    { what: 'an empty text', value: '' },
    { what: 'a text of the minimum length', value: 'x'.repeat(minLength) },
    ...(maxLength === undefined
      ? []
      : [
          { what: 'a text of the maximum length', value: 'x'.repeat(maxLength) },
          { what: 'a text longer than allowed', value: 'x'.repeat(maxLength + 1) },
        ]),
    { what: 'a space', value: ' ' },
    { what: 'a space inside', value: 'a b' },
    { what: 'a letter that is not ASCII', value: 'ä' },
    { what: 'a control character', value: 'a\tb' },
    { what: 'a digit', value: '1' },
    { what: 'Arabic digits', value: '\u0661' },
  ];
}

function timeVariations(): Variation[] {
  return [
    '2026-01-31T12:00:00Z',
    '2026-01-31T12:00:00.123456Z',
    '2026-01-31T12:00:00+05:30',
    '2026-01-31t12:00:00z',
    '2026-02-30T12:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00:00',
    '2026-01-31',
    '1769860800',
    'yesterday',
    '',
  ].map((value) => ({ what: `the time "${value}"`, value }));
}

function numberVariations(schema: Schema): Variation[] {
  const { minimum = 0, maximum = 1_000_000 } = schema as { minimum?: number; maximum?: number };
  return [minimum - 1, minimum, minimum + 0.5, maximum, maximum + 1].map((value) => ({
    what: `the number ${value}`,
    value,
  }));
}

function listVariations(schema: Schema): Variation[] {
  const items = schema.items as Schema;
  const one = ((items.enum as unknown[]) ?? ['word'])[0];
  const { maxItems = 100 } = schema as { maxItems?: number };
  return [
    { what: 'a list of one', value: [one] },
    { what: 'the same twice', value: [one, one] },
    { what: 'as many as allowed', value: Array.from({ length: maxItems }, () => one) },
    { what: 'one more than allowed', value: Array.from({ length: maxItems + 1 }, () => one) },
    ...textVariations(items).map(({ what, value }) => ({
      what: `a list with ${what}`,
      value: [value],
    })),
  ];
}

function objectVariations(schema: Schema, sample: unknown): Variation[] {
  // The example of a body need not have every field.
  const given = (sample ?? {}) as Record<string, unknown>;
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const inside = Object.entries(properties).flatMap(([name, below]) =>
    variationsOf(below, given[name]).map(({ what, value }) => ({
      what: `${name}: ${what}`,
      value: { ...given, [name]: value },
    })),
  );
  const without = Object.keys(given).map((name) => {
    const { [name]: _left, ...rest } = given;
    return { what: `without ${name}`, value: rest };
  });
  const names = ((schema.propertyNames as Schema | undefined)?.not as Schema | undefined)?.enum;
  const refused = ((names as string[]) ?? []).map((name) => ({
    what: `with the field ${name}`,
    value: { ...given, [name]: 'x' },
  }));
  const more = { what: 'with one more field', value: { ...given, oneMore: 1 } };
  return [...inside, ...without, ...refused, more];
}
