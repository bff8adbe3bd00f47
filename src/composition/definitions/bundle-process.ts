import { readFile } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Loader, type Plugin } from 'esbuild';

const API = fileURLToPath(
  new URL(`../../../domain/index${extname(import.meta.url)}`, import.meta.url),
);
const HERE = dirname(API);
/** Matches the start of a name that Node resolves in node_modules. */
const BARE = /^[^./]/;
const CODE = /\.[cm]?[jt]sx?$/;

/**
 * Bundles the code of a process into one ES module. The code may lie anywhere, be TypeScript or JavaScript, and belong
 * to any package or none. Its packages are imported from its folder; `fastify-camunda` and `zod` are the service's
 * own, so its folder does not need them.
 *
 * @param outfile where the module will be: the source map is relative to it
 * @returns the text of the module
 * @throws Error whose message says what is wrong, and where
 */
export async function bundleProcess(file: string, outfile: string): Promise<string> {
  const made = await build({
    entryPoints: [file],
    outfile,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: `node${process.versions.node}`,
    // Resolve as Node does, not as bundlers do.
    conditions: [],
    sourcemap: 'inline',
    logLevel: 'silent',
    define: META,
    banner: { js: bannerFor(file) },
    plugins: [findPackages, ownMeta],
  }).catch((cause: unknown) => {
    throw new Error(firstFault(cause), { cause });
  });
  return made.outputFiles[0]?.text ?? '';
}

/** Defines `require` for code that was made for CommonJS. */
function bannerFor(file: string): string {
  const url = JSON.stringify(pathToFileURL(file).href);
  return `import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(${url});`;
}

const findPackages: Plugin = {
  name: 'packages',
  setup({ onResolve, resolve }) {
    onResolve(
      { filter: BARE },
      async ({ path, kind, importer, resolveDir, pluginData, with: given }) => {
        if (kind === 'entry-point' || pluginData === findPackages) return undefined;
        if (path === 'fastify-camunda') return { path: API };
        if (path.startsWith('file:')) return { path: fileURLToPath(path) };
        const from = path === 'zod' || path.startsWith('zod/') ? HERE : resolveDir;
        const found = await resolve(path, {
          kind,
          importer,
          resolveDir: from,
          with: given,
          pluginData: findPackages,
        });
        if (found.errors.length > 0 || found.external || !isInstalled(found.path)) return found;
        return {
          path: kind === 'require-call' ? found.path : pathToFileURL(found.path).href,
          external: true,
        };
      },
    );
  },
};

/** Whether Node imports this file itself. TypeScript is bundled, even from a package of the same repository. */
function isInstalled(path: string): boolean {
  return path.includes('node_modules') && !/\.[cm]?tsx?$/.test(path);
}

/** Each source file keeps its own paths, which in one module would be those of the module. */
const META = {
  'import.meta.url': '__meta_url',
  'import.meta.filename': '__meta_filename',
  'import.meta.dirname': '__meta_dirname',
};

const ownMeta: Plugin = {
  name: 'import.meta',
  setup({ onLoad }) {
    onLoad({ filter: CODE }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      if (!source.includes('import.meta')) return undefined;
      const text = JSON.stringify;
      const values = `const __meta_url = ${text(pathToFileURL(path).href)}, __meta_filename = ${text(path)}, __meta_dirname = ${text(dirname(path))};`;
      return { contents: values + source, loader: loaderOf(path) };
    });
  },
};

function loaderOf(path: string): Loader {
  return extname(path).replace(/^\.[cm]?/, '') as Loader;
}

/** esbuild's first error with its file and line; other errors as they are. */
function firstFault(cause: unknown): string {
  const { errors } = cause as {
    errors?: { text: string; location: { file: string; line: number } | null }[];
  };
  const [first] = errors ?? [];
  if (!first) return String(cause);
  return first.location
    ? `${first.text} (${first.location.file}:${first.location.line})`
    : first.text;
}
