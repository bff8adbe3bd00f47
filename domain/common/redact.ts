import type { Json } from './json.ts';

const REDACTED = '[redacted]';

/**
 * A copy of `value` with the values at `paths` replaced. A path is names joined by dots; `*` stands for
 * every name or index. A path without a value changes nothing.
 */
export function redact(value: Json, paths: readonly string[]): Json {
  return replaceAt(value, paths, () => REDACTED);
}

/** A copy of `value` with the values at `paths` (as for `redact`) replaced by what `replace` returns for them. */
export function replaceAt(
  value: Json,
  paths: readonly string[],
  replace: (found: Json) => Json,
): Json {
  return paths.reduce((current, path) => replacePath(current, path.split('.'), replace), value);
}

/** Whether a text is a path: any names, but no empty one. */
export function isPath(text: string): boolean {
  return text.split('.').every((name) => name !== '');
}

function replacePath(value: Json, path: readonly string[], replace: (found: Json) => Json): Json {
  const [name, ...rest] = path;
  if (name === undefined) return replace(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    return value.map((item, index) =>
      name === '*' || name === String(index) ? replacePath(item, rest, replace) : item,
    );
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      field !== undefined && (name === '*' || name === key)
        ? replacePath(field, rest, replace)
        : field,
    ]),
  );
}
