// Builds the web console (src/console) into dist/console, when it is missing or older than its sources. Types are not
// looked at: `npm run check` does that.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { root } from './install.mjs';

const SOURCES = join(root, 'src', 'console');
/** Of which the console has a part. */
const CLIENT = join(root, 'src', 'client');
const OUT = join(root, 'dist', 'console');
const COMPRESSED = /\.(js|css|html|svg)$/;

/** Builds the console unless it is up to date; prints a line when it takes a while. */
export async function buildConsole() {
  if (!isOutdated()) return;
  console.log('Building the web console (some seconds) …');
  // React's build for development is four times as large.
  process.env.NODE_ENV = 'production';
  const { build } = await import('vite');
  // Beside and renamed: another command may build or serve the console at this moment.
  const unfinished = join(root, 'dist', `.console-${process.pid}`);
  try {
    await build({
      configFile: join(SOURCES, 'vite.config.ts'),
      logLevel: 'error',
      build: { outDir: unfinished },
    });
    for (const name of readdirSync(unfinished, { recursive: true })) {
      if (COMPRESSED.test(name)) compress(join(unfinished, name));
    }
    rmSync(OUT, { recursive: true, force: true });
    mkdirSync(join(root, 'dist'), { recursive: true });
    renameSync(unfinished, OUT);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function isOutdated() {
  const page = join(OUT, 'index.html');
  if (!existsSync(page)) return true;
  const built = statSync(page).mtimeMs;
  const sources = [SOURCES, CLIENT].flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => !name.endsWith('.d.ts'))
      .map((name) => join(folder, name)),
  );
  return [...sources, join(root, 'package-lock.json')].some((file) => statSync(file).mtimeMs > built);
}

/** Writes the file that is sent to browsers that take Brotli, which are all. */
function compress(file) {
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
  writeFileSync(`${file}.br`, brotliCompressSync(readFileSync(file), { params }));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) await buildConsole();
