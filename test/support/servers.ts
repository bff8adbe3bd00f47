import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { inject } from 'vitest';

const answers = new Map<string, Promise<unknown>>();

/** Requests a server or the build from `global-setup.ts`, which provides each once for all test files. */
export function askOnce<T>(name: string): Promise<T> {
  const answer = answers.get(name) ?? request(name);
  answers.set(name, answer);
  return answer as Promise<T>;
}

/** Without `fetch`, which times out after five minutes: the first start of an engine downloads it. */
async function request(name: string): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${inject('setupUrl')}/${name}`, resolve).once('error', reject);
  });
  const { answer, error } = (await json(response)) as { answer: unknown; error?: string };
  if (error) throw new Error(error);
  return answer;
}

/** The servers for all test files; each starts once, when the first file requests it. */
export type ServerName = 'redis' | 'operaton' | 'camunda7';

export interface ServerAnswer {
  /** Null when the server cannot be started on this machine. */
  url: string | null;
  /** The same engine with basic auth; null for an engine that was given by URL, and for Redis. */
  guardedUrl: string | null;
}

const ENGINES = ['operaton', 'camunda7'] as const;
const ask = (name: ServerName) => askOnce<ServerAnswer>(name);

/** Starts a server unless it runs already. Null: this machine cannot start it, and its tests are skipped. */
export async function serverUrl(name: ServerName): Promise<string | null> {
  return (await ask(name)).url;
}

/** The real engines that this machine has. */
export async function realEngines(): Promise<{ name: string; url: string }[]> {
  const found = await Promise.all(ENGINES.map(async (name) => ({ name, ...(await ask(name)) })));
  return found.flatMap(({ name, url }) => (url === null ? [] : [{ name, url }]));
}

/** Both real engines, with the address that requires credentials. */
export function guardedEngines(): Promise<{ name: string; url: string | null }[]> {
  return Promise.all(ENGINES.map(async (name) => ({ name, url: (await ask(name)).guardedUrl })));
}
