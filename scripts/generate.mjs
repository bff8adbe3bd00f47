// npm run generate -- --events 1000000: installs what is missing, then runs `fastify-camunda generate` in this process.
import './install.mjs';

process.argv.splice(2, 0, 'generate');
await import('../src/bin.mjs');
