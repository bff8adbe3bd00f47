import { writeSync } from 'node:fs';

/**
 * For a process that is to be killed: says that it is up, and waits for the word to begin. `go 3` lets it come as
 * far as its third report; there it stands still for ever, so that nothing it does after that can be done before
 * it is killed, however fast the machine is.
 *
 * @returns reports how far it is, in a line; to be called between two transactions
 */
export async function whenTold(): Promise<(text: string | number) => void> {
  writeSync(1, 'ready\n');
  const word = await new Promise<string>((resolve) => {
    process.stdin.once('data', (data) => resolve(String(data)));
  });
  process.stdin.destroy();
  const holdAt = Number(/\d+/.exec(word)?.[0] ?? Number.POSITIVE_INFINITY);
  let reports = 0;
  return (text) => {
    writeSync(1, `report ${text}\n`);
    if (++reports === holdAt) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
}
