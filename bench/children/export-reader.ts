import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerCalls } from '../support/child.ts';

/** A slow reader pauses after this many bytes. */
const PAUSE_AFTER_BYTES = 4_000_000;
const PAUSE_MS = 20;

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
    let sincePause = 0;
    const answer = await new Promise<AsyncIterable<Buffer> & { statusCode?: number | undefined }>(
      (resolve, reject) => get(url, resolve).on('error', reject),
    );
    if (answer.statusCode !== 200) throw new Error(`${url} was answered with ${answer.statusCode}`);
    for await (const chunk of answer) {
      bytes += chunk.length;
      sincePause += chunk.length;
      if (!slow || sincePause < PAUSE_AFTER_BYTES) continue;
      sincePause = 0;
      await sleep(PAUSE_MS);
    }
    return { bytes, ms: performance.now() - began };
  },
};

export type ExportReader = typeof calls;
answerCalls(calls);
