import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endWithUs, freePort, stopChild, until } from '../children.ts';
import { compileJava, missingForJava } from '../java.ts';

export type EngineKind = 'operaton' | 'camunda7';

export interface RunningRealEngine {
  kind: EngineKind;
  /** As for CAMUNDA_BASE_URL. */
  url: string;
  /** The same engine, for its own users only: basic auth. */
  guardedUrl: string;
  version: string;
  stop(): Promise<void>;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/engines', import.meta.url));
/** The Java packages of the engines. */
const PACKAGES: Record<EngineKind, string> = {
  operaton: 'org.operaton.bpm.engine',
  camunda7: 'org.camunda.bpm.engine',
};
const START_TIMEOUT_MS = 120_000;

/**
 * Jars that are downloaded without their descriptor: Operaton's JSON data format, whose parent pom is not published.
 */
const BARE_JARS: Record<EngineKind, readonly string[]> = {
  operaton: ['org.operaton.spin:operaton-spin-dataformat-json-jackson:1.0.0:jar'],
  camunda7: [],
};

/**
 * Starts a real engine from Maven Central, with its REST API and an H2 database in memory.
 *
 * @throws Error with one sentence that names what is missing
 */
export async function startRealEngine(kind: EngineKind): Promise<RunningRealEngine> {
  const missing = missingForJava();
  if (missing) throw new Error(missing);
  const classPath = await compileJava({
    pom: join(here, kind, 'pom.xml'),
    sources: [join(here, 'EngineApp.java')],
    bareJars: BARE_JARS[kind],
    cache: CACHE,
    name: kind,
  });
  const began = performance.now();
  const port = await freePort();
  const logFile = join(CACHE, `${kind}.log`);
  const child = spawn(
    'java',
    [
      '-Xmx512m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      `-Dengine.package=${PACKAGES[kind]}`,
      '-cp',
      classPath,
      'engine.EngineApp',
    ]
      .concat([`--server.port=${port}`, '--server.address=127.0.0.1'])
      .concat(settings(kind)),
    { stdio: ['ignore', openSync(logFile, 'w'), openSync(logFile, 'a')] },
  );
  endWithUs(child);
  const url = `http://127.0.0.1:${port}/engine-rest`;
  const guardedUrl = `http://127.0.0.1:${port}/guarded`;
  try {
    const version = await until(
      async () => {
        if (child.exitCode !== null) throw new Error(`${kind} ended with code ${child.exitCode}`);
        const answer = await fetch(`${url}/version`).catch(() => undefined);
        return answer?.ok ? ((await answer.json()) as { version: string }).version : null;
      },
      `${kind} answers`,
      START_TIMEOUT_MS,
    );
    const seconds = ((performance.now() - began) / 1_000).toFixed(1);
    process.stderr.write(`${kind} ${version} started in ${seconds} s\n`);
    return { kind, url, guardedUrl, version, stop: () => stopChild(child) };
  } catch (error) {
    await stopChild(child);
    const tail = readFileSync(logFile, 'utf8').split('\n').slice(-15).join('\n');
    throw new Error(`${String(error)}\n${tail}`);
  }
}

/** Timers fire within half a second instead of a minute; no example processes and no metrics. */
function settings(kind: EngineKind): string[] {
  const prefix = kind === 'operaton' ? '--operaton.bpm' : '--camunda.bpm';
  return [
    `--spring.datasource.url=jdbc:h2:mem:${kind};DB_CLOSE_DELAY=-1`,
    '--spring.main.banner-mode=off',
    `${prefix}.auto-deployment-enabled=false`,
    `${prefix}.metrics.enabled=false`,
    `${prefix}.job-execution.wait-time-in-millis=250`,
    `${prefix}.job-execution.max-wait=500`,
    `${prefix}.job-execution.backoff-time-in-millis=0`,
    `${prefix}.job-execution.max-backoff=0`,
  ];
}
