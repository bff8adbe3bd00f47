import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 150_000,
    // Files run one after another: they start engines, Redis servers and whole services, and the
    // fault tests count on having the machine to themselves.
    fileParallelism: false,
    globalSetup: ['test/support/global-setup.ts'],
  },
});
