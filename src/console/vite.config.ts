import { defineConfig } from 'vite';

/** `npm run console` serves the sources and passes the calls on to the service that `npm run dev` runs. */
const SERVICE = 'http://127.0.0.1:3000';

export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  build: {
    target: 'es2024',
    emptyOutDir: true,
    // A strict content security policy: no inline scripts.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
  },
  server: {
    proxy: { '/api': SERVICE, '/health': SERVICE, '/console/session': SERVICE },
  },
});
