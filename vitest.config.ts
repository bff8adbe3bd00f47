import { defineConfig } from 'vitest/config';

const patient = { testTimeout: 120_000, hookTimeout: 180_000 };

export default defineConfig({
  test: {
    // Once for all: what it starts and provides here, the projects share.
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          // They touch nothing outside of themselves, so one thread can run many of them one after the other.
          pool: 'threads',
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patient,
          name: 'side by side',
          include: ['test/{integration,e2e}/**/*.test.ts'],
          // They wait for servers and processes more than they compute, and each has its own data. Loading
          // the service anew for each of them would take a second.
          maxWorkers: 3,
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...patient,
          name: 'alone',
          include: ['test/fault/**/*.test.ts'],
          // They kill processes at moments that they choose, and measure what goes on meanwhile: they
          // count on having the machine to themselves.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
