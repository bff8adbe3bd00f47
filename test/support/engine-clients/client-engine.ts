import { randomUUID } from 'node:crypto';
import { basicAuth, noAuth } from '../../../infrastructure/camunda/engine-auth.ts';
import { createRestEngine } from '../../../infrastructure/camunda/rest-engine.ts';
import { makeKey } from '../access.ts';
import { startServiceProcess } from '../commands.ts';
import { engineApi } from '../engines.ts';
import { createFolder } from '../service.ts';
import { deployModels } from './models.ts';

/** An engine as the programs with clients in other languages get it. */
export interface ClientEngine {
  url: string;
  /** The process keys of this run begin with it. */
  prefix: string;
  /** The value of the Authorization header; '': none. */
  authorization: string;
  /** The API key in it. */
  key: string;
  /** The same engine with the models once more, under another prefix. */
  again(): Promise<ClientEngine>;
  close(): Promise<void>;
}

/** The REST API of the embedded engine of a service in a process of its own, behind access control. */
export async function startFacade(): Promise<ClientEngine> {
  const folder = createFolder();
  const { text: key } = await makeKey(folder, 'worker', ['admin']);
  const service = await startServiceProcess(folder, { AUTH: 'on', ENGINE_REST_PORT: '0' });
  const [, url = ''] = /"url":"([^"]+)","msg":"the REST API of the/.exec(service.output()) ?? [];
  const close = async (): Promise<void> => {
    service.kill('SIGTERM');
    await service.ended;
    folder.remove();
  };
  async function open(whenClosed: () => Promise<void>): Promise<ClientEngine> {
    const prefix = `clients-${randomUUID()}-`;
    await deploy(url, prefix, key);
    const authorization = `Bearer ${key}`;
    return {
      url,
      prefix,
      key,
      authorization,
      again: () => open(async () => {}),
      close: whenClosed,
    };
  }
  return open(close);
}

/** A real engine that runs already. */
export async function openRealEngine(url: string): Promise<ClientEngine> {
  const prefix = `clients-${randomUUID()}-`;
  const keys = await deploy(url, prefix);
  return {
    ...{ url, prefix, key: '' },
    authorization: '',
    again: () => openRealEngine(url),
    async close() {
      for (const key of keys) await engineApi(url).removeProcess(key);
    },
  };
}

async function deploy(baseUrl: string, prefix: string, key?: string): Promise<string[]> {
  const auth = key === undefined ? noAuth() : basicAuth('worker', key);
  const engine = createRestEngine({ baseUrl, auth });
  try {
    return await deployModels(engine, prefix);
  } finally {
    await engine.close();
  }
}

/**
 * What each scenario of a program saw, by its name.
 *
 * @param output lines of `<scenario>\t<what was seen>`
 */
export function linesByScenario(output: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of output.split('\n').filter(Boolean)) {
    // Operaton has renamed its packages, which are in some messages.
    const [scenario = '', seen = ''] = line.replaceAll('org.operaton.', 'org.camunda.').split('\t');
    found.set(scenario, [...(found.get(scenario) ?? []), seen]);
  }
  return found;
}
