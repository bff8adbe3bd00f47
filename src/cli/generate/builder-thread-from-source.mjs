// Starts the thread from the TypeScript sources. A thread does not get the loader of the one that
// starts it, so this file, which needs none, brings it.
import '../../../scripts/typescript.mjs';

await import('./builder-thread.ts');
