import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createStartsInHand } from '../../../domain/engine/starts-in-hand.ts';

it('a start has ended when it is done, and when it has failed', async () => {
  const starts = createStartsInHand();
  for (const outcome of ['done', 'failed']) {
    const { promise, resolve, reject } = pending();
    const run = starts.run('order-1', () => promise).catch(String);
    let ended = false;
    const wait = starts.ended('order-1').then(() => {
      ended = true;
    });
    await turn();
    expect(ended).toBe(false);
    if (outcome === 'done') resolve();
    else reject(new Error('no engine'));
    await Promise.all([run, wait]);
  }
});

it('nobody waits for a start that is not in hand, or is of another process', async () => {
  const starts = createStartsInHand();
  await starts.run('order-1', async () => {});
  await starts.ended('order-1');
  void starts.run('order-2', () => pending().promise);
  await starts.ended('order-1');
});

it('a start that does not end is not waited for for ever', async () => {
  const starts = createStartsInHand();
  void starts.run('order-1', () => pending().promise);
  await starts.ended('order-1');
});

/** A promise that the test settles. */
function pending() {
  let [resolve, reject] = [() => {}, (_error: Error) => {}];
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
