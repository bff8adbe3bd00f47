import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOnPath, maven, runProgram } from './children.ts';

interface JavaSources {
  /** Has the libraries as its dependencies. */
  pom: string;
  /** `.java` files. */
  sources: readonly string[];
  /** Jars that are downloaded without their descriptor, for instance because their parent pom is not published. */
  bareJars?: readonly string[];
  /** Where the class path is cached, in a folder of its own; the name of that begins with `name`. */
  cache: string;
  name: string;
}

/** Names the programs for Java that this machine lacks, as a sentence; null when it has all. */
export function missingForJava(): string | null {
  const missing = ['java', 'javac', 'mvn'].filter((program) => !isOnPath(program));
  if (missing.length === 0) return null;
  return `there is no ${missing.join(', no ')}: install a JDK 17 or newer and Maven`;
}

/**
 * Compiles a program with libraries from Maven Central: once, and again when the pom or a source changes. Artefacts
 * with a wrong checksum are refused.
 *
 * @returns the class path to run it with
 */
export async function compileJava(program: JavaSources): Promise<string> {
  const { pom, sources, bareJars = [], cache, name } = program;
  const hash = createHash('sha256');
  for (const one of [pom, ...sources]) hash.update(readFileSync(one));
  const folder = join(cache, `${name}-${hash.digest('hex').slice(0, 16)}`);
  const file = join(folder, 'classpath');
  const jars = join(folder, 'jars');
  const known = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (known !== '' && known.split(':').every((entry) => existsSync(entry))) return known;
  mkdirSync(jars, { recursive: true });
  const resolved = join(folder, 'resolved');
  await maven(pom, ['dependency:build-classpath', `-Dmdep.outputFile=${resolved}`]);
  for (const artifact of bareJars) {
    await maven(pom, ['dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${jars}`]);
  }
  const bare = readdirSync(jars).map((jar) => join(jars, jar));
  const libraries = [readFileSync(resolved, 'utf8').trim(), ...bare].join(':');
  const classes = join(folder, 'classes');
  await runProgram('javac', ['-encoding', 'UTF-8', '-cp', libraries, '-d', classes, ...sources]);
  const classPath = `${classes}:${libraries}`;
  writeFileSync(file, classPath);
  return classPath;
}
