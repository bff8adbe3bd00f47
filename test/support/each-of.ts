/** Does work for each, a few at a time: the pool of connections is small. */
export async function eachOf<T>(
  all: readonly T[],
  work: (one: T) => Promise<unknown>,
): Promise<void> {
  for (let at = 0; at < all.length; at += 5) await Promise.all(all.slice(at, at + 5).map(work));
}
