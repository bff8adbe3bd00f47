// npm run test:parity: installs what is missing, then compares the embedded engine with Operaton in this process.
import './install.mjs';
import './typescript.mjs';

await import('../test/parity/run.ts');
