import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { inject } from 'vitest';

/** The servers for all test files; each starts once, when the first file requests it. */
export type ServerName = 'redis' | 'operaton' | 'camunda7' | 'browser';

export interface ServerAnswer {
  /** Null when the server cannot be started on this machine. */
  url: string | null;
  /** The same engine with basic auth; null for an engine that was given by URL, for Redis and the browser. */
  guardedUrl: string | null;
}

const ENGINES = ['operaton', 'camunda7'] as const;
const answers = new Map<ServerName, Promise<ServerAnswer>>();

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

function ask(name: ServerName): Promise<ServerAnswer> {
  const answer = answers.get(name) ?? request(name);
  answers.set(name, answer);
  return answer;
}

/** Without `fetch`, which times out after five minutes: the first start of an engine downloads it. */
async function request(name: ServerName): Promise<ServerAnswer> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${inject('serversUrl')}/${name}`, resolve).once('error', reject);
  });
  const answer = (await json(response)) as ServerAnswer & { error?: string };
  if (answer.error) throw new Error(answer.error);
  return answer;
}
