// npm run cli -- <command>: installs what is missing, then runs the command in this process.
import './install.mjs';

await import('../src/bin.mjs');
