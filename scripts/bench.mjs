// npm run bench: installs what is missing, then runs the benchmarks in this process.
import './install.mjs';
import './typescript.mjs';

await import('../bench/run.ts');
