import type { Json, JsonObject } from './json.ts';

/*
 * JSON has no dates: an event keeps them as texts, and beside them the names of the values that are dates, so that
 * they are dates again for the engine, also when a task comes again after a crash (G2).
 */

/** Names of the values that are dates. Dates within objects and lists are JSON, thus texts, like all in there. */
export function dateNames(values: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(values).filter((name) => values[name] instanceof Date);
}

/** The values of an event with its dates; a date whose personal value was erased stays what that reads as. */
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
