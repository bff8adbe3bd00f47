import { get, type IncomingMessage } from 'node:http';
import { json } from 'node:stream/consumers';
import { inject } from 'vitest';

const answers = new Map<string, Promise<unknown>>();

/** Asks `global-setup.ts`, which does each thing once for all test files. */
export function askOnce<T>(name: string): Promise<T> {
  const answer = answers.get(name) ?? ask(name);
  answers.set(name, answer);
  return answer as Promise<T>;
}

/** Not by `fetch`, which gives up after five minutes: the first start of an engine downloads it. */
async function ask(name: string): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get(`${inject('setupUrl')}/${name}`, resolve).once('error', reject);
  });
  const { answer, error } = (await json(response)) as { answer: unknown; error?: string };
  if (error) throw new Error(error);
  return answer;
}
