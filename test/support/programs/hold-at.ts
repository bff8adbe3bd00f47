import { writeSync } from 'node:fs';
import { open } from 'node:fs/promises';

/**
 * Preloaded (`--import`) into a process that writes a file and is to be interrupted: once it has appended HOLD_AT
 * bytes, it prints `held` and stands still until SIGINT, so that it cannot have come to its end before, however
 * fast the machine is.
 */
const holdAt = Number(process.env.HOLD_AT);
const handle = await open('/dev/null');
const prototype = Object.getPrototypeOf(handle) as {
  appendFile: (data: string | Uint8Array) => Promise<void>;
};
await handle.close();
const { appendFile } = prototype;
let left = holdAt;
prototype.appendFile = async function held(data) {
  await appendFile.call(this, data);
  if (left <= 0) return;
  left -= data.length;
  if (left > 0) return;
  writeSync(2, 'held\n');
  const alive = setInterval(() => {}, 1_000);
  await new Promise((resolve) => process.once('SIGINT', resolve));
  clearInterval(alive);
};
