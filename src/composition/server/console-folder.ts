import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where the built console is: in the build this file belongs to, or in `dist` when the service runs from its sources. */
export const CONSOLE_FOLDER = fileURLToPath(
  new URL(
    extname(new URL(import.meta.url).pathname) === '.js'
      ? '../../../console'
      : '../../../dist/console',
    import.meta.url,
  ),
);
