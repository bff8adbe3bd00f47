import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerCalls } from '../support/child.ts';

/** A reader that is slow takes a rest after each so many bytes. */
const REST_AFTER = 4_000_000;
const REST_MS = 20;

/** Reads an export and counts its bytes, in a process of its own. */
const calls = {
  async read({
    url,
    slow,
  }: {
    url: string;
    slow: boolean;
  }): Promise<{ bytes: number; ms: number }> {
    const began = performance.now();
    let bytes = 0;
    let unrested = 0;
    const answer = await new Promise<AsyncIterable<Buffer> & { statusCode?: number | undefined }>(
      (resolve, reject) => get(url, resolve).on('error', reject),
    );
    if (answer.statusCode !== 200) throw new Error(`${url} was answered ${answer.statusCode}`);
    for await (const chunk of answer) {
      bytes += chunk.length;
      unrested += chunk.length;
      if (!slow || unrested < REST_AFTER) continue;
      unrested = 0;
      await sleep(REST_MS);
    }
    return { bytes, ms: performance.now() - began };
  },
};

export type ExportReader = typeof calls;
answerCalls(calls);
