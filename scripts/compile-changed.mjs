// Keeps the sources compiled, so that a command starts in half the time that compiling at each import takes: that has a
// thread of its own, once for the command and once for each thread of the command.
import {
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { compile, SHIPPED, sourcesIn } from './compile.mjs';

/**
 * Compiles the sources below `root` that have changed since the last call, into `out`, and removes the JavaScript of
 * those that are gone. A compiled file has the time of its source.
 */
export async function compileChanged(root, out, folders = SHIPPED) {
  const times = new Map(
    sourcesIn(root, folders).map((source) => [source, timeOf(join(root, source))]),
  );
  const compiled = compiledIn(out, folders);
  for (const source of compiled) {
    if (times.has(source)) continue;
    for (const end of ['', '.map']) rmSync(join(out, compiledName(source)) + end, { force: true });
  }
  const changed = [...times.keys()].filter(
    (source) =>
      !compiled.has(source) || timeOf(join(out, compiledName(source))) !== times.get(source),
  );
  if (changed.length === 0) return;
  const files = await compile(root, changed, out, { write: false });
  const timeFor = new Map(
    changed.map((source) => [join(out, compiledName(source)), times.get(source)]),
  );
  for (const { path, contents } of files) put(path, contents, timeFor.get(path));
  // Without it node takes the files for CommonJS.
  put(join(out, 'package.json'), '{ "type": "module" }\n');
}

/** The sources that have JavaScript in `out`. */
function compiledIn(out, folders) {
  const found = new Set();
  for (const folder of folders) {
    mkdirSync(join(out, folder), { recursive: true });
    for (const name of readdirSync(join(out, folder), { recursive: true })) {
      if (name.endsWith('.js')) found.add(join(folder, `${name.slice(0, -'.js'.length)}.ts`));
    }
  }
  return found;
}

const compiledName = (source) => `${source.slice(0, -'.ts'.length)}.js`;

/** Whole milliseconds: a file system may keep more, or less, than can be set. */
const timeOf = (file) => Math.round(statSync(file).mtimeMs);

/** Written beside and renamed: another command may run or write the same file at this moment. */
function put(path, contents, time) {
  const unfinished = `${path}.${process.pid}`;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(unfinished, contents);
  if (time !== undefined) utimesSync(unfinished, new Date(time), new Date(time));
  renameSync(unfinished, path);
}
