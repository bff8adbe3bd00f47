import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Version of this release: `version` of our package.json, for the sources and for a build. */
export const VERSION: string = readVersion(dirname(fileURLToPath(import.meta.url)));

/** @throws Error when no folder from `folder` upward holds our package.json */
function readVersion(folder: string): string {
  const found = versionIn(join(folder, 'package.json'));
  if (found !== null) return found;
  const parent = dirname(folder);
  if (parent === folder) throw new Error('the package.json of fastify-camunda is missing');
  return readVersion(parent);
}

/** Null when there is no such file, or it belongs to another package: a build may have its own. */
function versionIn(file: string): string | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return null;
  }
  const { name, version } = JSON.parse(text) as { name?: unknown; version?: unknown };
  return name === 'fastify-camunda' && typeof version === 'string' ? version : null;
}
