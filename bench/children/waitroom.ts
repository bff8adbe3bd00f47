import { randomUUID } from 'node:crypto';
import { createWaitroom, type ProcessState, type Waitroom } from '../../domain/process/index.ts';
import { answerCalls } from '../support/child.ts';

/** Longer than every measurement. */
const TIMEOUT_MS = 600_000;

const calls = {
  /**
   * Fills the rooms with `waiters` in total and wakes `wake` of them. Returns bytes and microseconds per waiter.
   */
  async measure({
    rooms: count,
    waiters,
    wake,
  }: {
    rooms: number;
    waiters: number;
    wake: number;
  }): Promise<{ bytes: number; wakeUp: number }> {
    const rooms = Array.from({ length: count }, createWaitroom);
    const woken: { room: Waitroom; state: ProcessState }[] = [];
    const waits: Promise<unknown>[] = [];
    const before = heapUsed();
    for (let at = 0; at < waiters; at++) {
      const room = rooms[Math.floor((at * count) / waiters)];
      if (!room) throw new Error('no room');
      const correlationId = flatId();
      const { ended } = room.wait(correlationId, TIMEOUT_MS);
      if (at % (waiters / wake) === 0) {
        woken.push({ room, state: endedState(correlationId) });
        waits.push(ended);
      }
    }
    const bytes = (heapUsed() - before) / waiters;
    // CPU time: the measurement is so short that elapsed time would mostly show other processes.
    const began = process.cpuUsage();
    for (const { room, state } of woken) room.notify(state);
    await Promise.all(waits);
    const { user, system } = process.cpuUsage(began);
    const wakeUp = (user + system) / wake;
    for (const room of rooms) room.releaseAll();
    return { bytes, wakeUp };
  },
};

/** An id as one flat string, as requests have it: `randomUUID` returns a rope, which takes eight times the memory. */
function flatId(): string {
  return Buffer.from(randomUUID()).toString('latin1');
}

function heapUsed(): number {
  globalThis.gc?.();
  const { heapUsed: heap, external } = process.memoryUsage();
  return heap + external;
}

function endedState(correlationId: string): ProcessState {
  const now = '2026-01-31T12:00:00.000Z';
  return {
    correlationId,
    processName: 'four-steps',
    status: 'ok',
    data: null,
    error: null,
    currentStep: 'four',
    processInstanceId: 'instance',
    startedAt: now,
    updatedAt: now,
    completedAt: now,
    version: 7,
  };
}

export type WaitroomChild = typeof calls;
answerCalls(calls);
