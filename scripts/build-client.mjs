// Builds the client (src/client) into dist, or the folder given, which takes milliseconds: programs in a clone, such as
// docs/examples/use-client.mjs, import `fastify-camunda/client` from there.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './install.mjs';

const { compile, sourcesIn } = await import('./compile.mjs');

export async function buildClient(out = join(root, 'dist')) {
  await compile(root, sourcesIn(root, [join('src', 'client')]), resolve(out), { write: true });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await buildClient(process.argv[2]);
