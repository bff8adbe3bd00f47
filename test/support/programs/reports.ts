import { writeSync } from 'node:fs';

/**
 * For a process to be killed: prints `ready` and waits for a line that starts with `go`. After `go 3` the process stops
 * for ever at its third report, so that it does nothing more before it is killed, on a machine of any speed.
 *
 * @returns a function that reports progress in a line; to be called between two transactions
 */
export async function waitForGo(): Promise<(text: string | number) => void> {
  writeSync(1, 'ready\n');
  const line = await new Promise<string>((resolve) => {
    process.stdin.once('data', (data) => resolve(String(data)));
  });
  process.stdin.destroy();
  const holdAt = Number(/\d+/.exec(line)?.[0] ?? Number.POSITIVE_INFINITY);
  let reports = 0;
  return (text) => {
    writeSync(1, `report ${text}\n`);
    if (++reports === holdAt) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}
