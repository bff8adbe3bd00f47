import { setTimeout as sleep } from 'node:timers/promises';
import {
  EngineRefusedError,
  EngineUnavailableError,
  type JsonObject,
  type Log,
  SetupError,
} from '../../../domain/common/index.ts';
import type { Engine } from '../../../domain/engine/index.ts';
import { speaksTls } from '../../../infrastructure/redis/detect-protocol.ts';
import type { LoadedProcess } from '../definitions/load-processes.ts';
import type { EngineAccess } from './engine-access.ts';
import { explainEngineTrouble, isEngineAway } from './explain-engine-trouble.ts';

/** Delays before the next attempt to deploy: the first one, and the longest. */
const MIN_DELAY_MS = 500;
const MAX_DELAY_MS = 5_000;

interface Deployment {
  /** Why the processes are not deployed yet, in one sentence; null once they are. */
  trouble(): string | null;
  stop(): void;
}

/**
 * Deploys the processes to the engine, which skips those that have not changed. While the engine is unavailable, this
 * is tried again in the background: the service accepts starts meanwhile, but starts no instances.
 *
 * @throws SetupError with one line when a setting is wrong, or the engine refuses a process
 */
export async function deployProcesses(
  engine: Pick<Engine, 'version' | 'deploy'>,
  processes: readonly LoadedProcess[],
  access: EngineAccess,
  log: Log,
): Promise<Deployment> {
  const stopping = new AbortController();
  let trouble = await attempt();
  if (trouble !== null) {
    log.warn(
      { reason: trouble },
      'the engine is unavailable: the processes are deployed when it answers',
    );
    void retryUntilDeployed();
  }
  return { trouble: () => trouble, stop: () => stopping.abort() };

  async function retryUntilDeployed(): Promise<void> {
    for (let delay = MIN_DELAY_MS; trouble !== null; delay *= 2) {
      const wait = Math.min(delay, MAX_DELAY_MS);
      await sleep(wait, undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return;
      // A setting that turns out to be wrong only now: it may be fixed at the engine.
      const now = await attempt().catch((error: unknown) => String((error as Error).message));
      if (stopping.signal.aborted) return;
      if (now !== null && now !== trouble)
        log.warn({ reason: now }, 'the engine cannot be used yet');
      trouble = now;
    }
  }

  /** @returns null when all are deployed, or why the engine is unavailable */
  async function attempt(): Promise<string | null> {
    try {
      const version = await engine.version();
      for (const process of processes) await deploy(process);
      log.info({ engine: access.baseUrl || 'embedded', version }, 'process engine ready');
      return null;
    } catch (cause) {
      if (cause instanceof SetupError) throw cause;
      if (access.baseUrl === '') {
        throw new SetupError(cause instanceof Error ? cause.message : String(cause), { cause });
      }
      const line = explainEngineTrouble(cause, access);
      if (isEngineAway(cause) && !(await wantsTls(access.baseUrl))) return line;
      throw new SetupError(line, { cause });
    }
  }

  async function deploy({ definition, fileName, bpmn }: LoadedProcess): Promise<void> {
    try {
      await engine.deploy(definition.key, [{ fileName, content: bpmn }]);
    } catch (cause) {
      if (!(cause instanceof EngineRefusedError) || cause.httpStatus !== 400) throw cause;
      const reason = cause.message.replaceAll(/\s+/g, ' ');
      throw new SetupError(`PROCESSES_DIR: the engine refuses ${fileName}: ${reason}`, { cause });
    }
  }
}

/** Whether the server speaks TLS although the URL says http. */
async function wantsTls(baseUrl: string): Promise<boolean> {
  const { protocol, hostname, port } = new URL(baseUrl);
  return protocol === 'http:' && speaksTls({ host: hostname, port: Number(port || 80) });
}

/**
 * An engine that starts no instance before the processes are deployed, because it would know no version or an older
 * one. The job that starts the instance tries again later.
 */
export function startsWhenDeployed<E extends Pick<Engine, 'start'>>(
  engine: E,
  { trouble }: Pick<Deployment, 'trouble'>,
): E {
  return {
    ...engine,
    async start(processKey: string, businessKey: string, variables: JsonObject) {
      const reason = trouble();
      if (reason !== null) {
        throw new EngineUnavailableError(`the processes are not deployed yet: ${reason}`);
      }
      return engine.start(processKey, businessKey, variables);
    },
  };
}
