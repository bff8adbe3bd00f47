import type { Random } from './random.ts';

const SENTENCES = [
  'The customer asked for a call back in the afternoon.',
  'All documents are there and were checked by two people.',
  'Delivery to the neighbour is fine when no one is at home.',
  'The address differs from the one in the contract of last year.',
  'Please mind the notes of the branch office on this matter.',
  'A copy of the passport was sent by mail and is in the file.',
  'The invoice goes to the department that placed the order.',
  'There is a framework agreement with other terms of payment.',
] as const;
const POOL_LENGTH = 1 << 16;

/**
 * Cuts texts from one long one that is made beforehand: making each of them would take longer than writing it.
 */
export function createPayloads(random: Random, factor: number): (usualLength: number) => string {
  let pool = '';
  while (pool.length < POOL_LENGTH) pool += `${random.pick(SENTENCES)} `;
  return (usualLength) => {
    const averageLength = Math.round(usualLength * factor);
    const length = random.between(averageLength >> 1, averageLength + (averageLength >> 1));
    const from = random.between(0, pool.length - length);
    return pool.slice(from, from + length);
  };
}
