import { askOnce } from './ask-setup.ts';

/** What is started for all test files: each server once, when the first file asks for it. */
export type ServerName = 'redis' | 'operaton' | 'camunda7';

export interface ServerAnswer {
  /** Null: it cannot be started on this machine. */
  url: string | null;
  /** The same engine, for its own users only; null for one that was given, and for Redis. */
  guardedUrl: string | null;
}

const ENGINES = ['operaton', 'camunda7'] as const;

/** Starts a server unless it runs already. Null: there is none on this machine, its tests are skipped. */
export async function serverUrl(name: ServerName): Promise<string | null> {
  return (await ask(name)).url;
}

/** The real engines that this machine has. */
export async function realEngines(): Promise<{ name: string; url: string }[]> {
  const found = await Promise.all(ENGINES.map(async (name) => ({ name, ...(await ask(name)) })));
  return found.flatMap(({ name, url }) => (url === null ? [] : [{ name, url }]));
}

/** Both real engines, with the address that asks for credentials. */
export function guardedEngines(): Promise<{ name: string; url: string | null }[]> {
  return Promise.all(ENGINES.map(async (name) => ({ name, url: (await ask(name)).guardedUrl })));
}

const ask = (name: ServerName) => askOnce<ServerAnswer>(name);
