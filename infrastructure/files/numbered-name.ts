import { format, parse } from 'node:path';

/** The names of several files that belong together: `all.parquet`, `all.2.parquet`, `all.3.parquet`. */
export function numberedName(path: string, file: number): string {
  if (file === 1) return path;
  const { dir, name, ext } = parse(path);
  return format({ dir, name: `${name}.${file}`, ext });
}
