import type { Json, JsonObject } from './json.ts';

/*
 * JSON has no dates: an event stores them as texts, and beside them the names of the values that are dates. So the
 * engine gets dates again, also when a task is delivered again after a crash (G2).
 */

/** Names of the values that are dates. Dates inside objects and lists stay texts: the engine gets those as JSON. */
export function dateNames(values: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(values).filter((name) => values[name] instanceof Date);
}

/** The values of an event with its dates restored; where a personal date was erased, its placeholder stays. */
export function withDates(
  values: JsonObject,
  names: readonly string[] = [],
): Record<string, Json | Date | undefined> {
  const dates = names.flatMap((name): [string, Date][] => {
    const date = new Date(String(values[name]));
    return Number.isNaN(date.getTime()) ? [] : [[name, date]];
  });
  return { ...values, ...Object.fromEntries(dates) };
}
