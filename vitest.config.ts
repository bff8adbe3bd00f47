import { totalmem } from 'node:os';
import { defineConfig } from 'vitest/config';
import { builtPlugin } from './test/support/built-plugin.ts';

/** They wait for servers and processes more than they compute. Each takes up to a gigabyte. */
const maxWorkers = totalmem() > 12e9 ? 6 : 4;

export default defineConfig({
  test: {
    // Once for all: what it starts and provides here, the projects share.
    globalSetup: ['test/support/global-setup.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          pool: 'threads',
          isolate: false,
          maxWorkers,
        },
      },
      {
        plugins: [builtPlugin()],
        test: {
          name: 'servers',
          include: ['test/{integration,e2e,fault,parity}/**/*.test.ts'],
          // Each file has its own data, but not its own modules: to load the service again takes a second.
          isolate: false,
          maxWorkers,
          // Generous: no test is to depend on the pace of the machine.
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
