import type { Json } from './json.ts';

export const REDACTED = '[redacted]';

/**
 * A copy of `value` with the values at `paths` hidden. A path is names joined by dots; `*` stands for
 * every name or position. A path that leads nowhere hides nothing.
 */
export function redact(value: Json, paths: readonly string[]): Json {
  return replaceAt(value, paths, () => REDACTED);
}

/** A copy of `value` with what stands at `paths`, written as for `redact`, replaced. */
export function replaceAt(
  value: Json,
  paths: readonly string[],
  replace: (found: Json) => Json,
): Json {
  return paths.reduce((current, path) => at(current, path.split('.'), replace), value);
}

/** Whether a text is a path: names of any kind, but none that is empty. */
export function isPath(text: string): boolean {
  return text.split('.').every((name) => name !== '');
}

function at(value: Json, path: readonly string[], replace: (found: Json) => Json): Json {
  const [name, ...rest] = path;
  if (name === undefined) return replace(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    return value.map((item, position) =>
      name === '*' || name === String(position) ? at(item, rest, replace) : item,
    );
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      field !== undefined && (name === '*' || name === key) ? at(field, rest, replace) : field,
    ]),
  );
}
