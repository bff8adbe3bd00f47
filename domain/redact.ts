import type { Json } from './json.ts';

export const REDACTED = '[redacted]';

/**
 * A copy of `value` with the values at `paths` hidden. A path is names joined by dots; `*` stands for
 * every name or position. A path that leads nowhere hides nothing.
 */
export function redact(value: Json, paths: readonly string[]): Json {
  return paths.reduce((current, path) => hide(current, path.split('.')), value);
}

function hide(value: Json, path: readonly string[]): Json {
  const [name, ...rest] = path;
  if (name === undefined) return REDACTED;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    return value.map((item, at) => (name === '*' || name === String(at) ? hide(item, rest) : item));
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [
      key,
      field !== undefined && (name === '*' || name === key) ? hide(field, rest) : field,
    ]),
  );
}
