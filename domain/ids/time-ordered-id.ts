import { randomFillSync } from 'node:crypto';
import { v7 } from 'uuid';

const ID_BYTES = 16;
const pool = new Uint8Array(256 * ID_BYTES);
let used = pool.length;
let lastMs = 0;
let sequence = 0;

/**
 * A new id that sorts after all that this process made before: a UUID of version 7 (RFC 9562, 5.7 and 6.2), in a new
 * millisecond with a random sequence, else with the next one.
 *
 * Tried: `v7` without options asks the operating system for each id's bytes. In a profile of accepted starts that
 * was a twentieth of the time; from a pool an id takes 0.3 µs instead of 2.1.
 */
export function timeOrderedId(): string {
  const random = nextBytes();
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    // Of 31 bits, so that there is room for as many more; these bytes are no part of the rest of the id.
    sequence = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1;
  } else {
    sequence = (sequence + 1) | 0;
    // After the last sequence of this millisecond comes the first of the next.
    if (sequence === 0) lastMs++;
  }
  return v7({ random, msecs: lastMs, seq: sequence });
}

function nextBytes(): Uint8Array {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += ID_BYTES;
  return pool.subarray(used - ID_BYTES, used);
}
