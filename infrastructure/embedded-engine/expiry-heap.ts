/** What ends at a time, the earliest first. */
export interface ExpiryHeap<T> {
  readonly size: number;
  push(at: number, value: T): void;
  /** Takes out one that has ended by `now`. */
  pop(now: number): T | undefined;
}

/** A binary heap. */
export function createExpiryHeap<T>(): ExpiryHeap<T> {
  const heap: { at: number; value: T }[] = [];

  function swap(a: number, b: number): void {
    const kept = heap[a] as { at: number; value: T };
    heap[a] = heap[b] as { at: number; value: T };
    heap[b] = kept;
  }
  const at = (index: number): number => heap[index]?.at ?? Number.POSITIVE_INFINITY;

  function sink(from: number): void {
    for (let index = from; ; ) {
      const left = 2 * index + 1;
      const least = at(left) <= at(left + 1) ? left : left + 1;
      if (at(least) >= at(index)) return;
      swap(least, index);
      index = least;
    }
  }

  return {
    get size() {
      return heap.length;
    },
    push(time, value) {
      let index = heap.push({ at: time, value }) - 1;
      for (let up = (index - 1) >> 1; index > 0 && at(up) > at(index); up = (index - 1) >> 1) {
        swap(up, index);
        index = up;
      }
    },
    pop(now) {
      const [first] = heap;
      if (!first || first.at > now) return undefined;
      const last = heap.pop();
      if (heap.length > 0 && last) {
        heap[0] = last;
        sink(0);
      }
      return first.value;
    },
  };
}
