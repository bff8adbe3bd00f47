import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTypes, { astToString } from 'openapi-typescript';
import { maven, runProgram } from './children.ts';
import { missingForJava } from './java.ts';
import { installPackages, missingForPython } from './python.ts';

const here = fileURLToPath(new URL('./clients', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(root, 'node_modules', '.cache', 'clients');
const GENERATOR_VERSION = '7.16.0';
const PACKAGE = 'fastify_camunda';

/** Names the programs for the Python client that this machine lacks, as a sentence; null when it has all. */
export function missingForPythonClient(): string | null {
  return missingForJava() ?? missingForPython();
}

/**
 * Generates types from the document with openapi-typescript, checks the TypeScript program with them, and runs it
 * against the service.
 *
 * @returns the output of the program
 */
export async function runTypeScriptClient(url: string, document: object): Promise<string> {
  const folder = folderFor('typescript');
  const types = await openapiTypes(JSON.stringify(document));
  writeFileSync(join(folder, 'api.ts'), astToString(types));
  for (const name of ['program.ts', 'typed.ts']) copyFileSync(join(here, name), join(folder, name));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));
  const options = { ...compilerOptions, typeRoots: [join(root, 'node_modules', '@types')] };
  const config = { compilerOptions: options, include: ['*.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  await runProgram(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder]);
  return runProgram(process.execPath, ['--import', 'tsx', join(folder, 'program.ts'), url]);
}

/**
 * Generates a Python client from the document with openapi-generator, and runs the Python program with it against the
 * service.
 *
 * @returns the output of the program
 */
export async function runPythonClient(url: string, document: object): Promise<string> {
  const [jar, libraries] = await Promise.all([
    findGenerator(),
    installPackages(join(here, 'requirements.txt'), CACHE),
  ]);
  const folder = folderFor('python');
  const input = join(folder, 'openapi.json');
  writeFileSync(input, JSON.stringify(document));
  const parts =
    'apis,models,supportingFiles,apiDocs=false,modelDocs=false,apiTests=false,modelTests=false';
  await runProgram('java', [
    ...['-XX:TieredStopAtLevel=1', '-jar', jar, 'generate', '-g', 'python', '-i', input],
    ...['-o', folder, '--package-name', PACKAGE, '--global-property', parts],
  ]);
  return runProgram('python3', [join(here, 'program.py'), url], {
    PYTHONPATH: `${folder}:${libraries}`,
    PYTHONDONTWRITEBYTECODE: '1',
  });
}

/** Creates an empty folder for this process below node_modules, so that imports find the installed packages. */
function folderFor(name: string): string {
  const folder = join(CACHE, `${name}-${process.pid}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Downloads the jar from Maven Central, once. */
async function findGenerator(): Promise<string> {
  const jar = join(CACHE, `openapi-generator-cli-${GENERATOR_VERSION}.jar`);
  if (existsSync(jar)) return jar;
  await maven(join(here, 'pom.xml'), [
    'dependency:copy',
    `-Dartifact=org.openapitools:openapi-generator-cli:${GENERATOR_VERSION}`,
    `-DoutputDirectory=${CACHE}`,
  ]);
  return jar;
}
