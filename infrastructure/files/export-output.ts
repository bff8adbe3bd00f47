import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { SetupError } from '../../domain/common/index.ts';
import type { ExportTarget } from './export-file.ts';

/** Standard output as the target of an export. It cannot be resumed: the reader has the bytes. */
export async function openExportOutput(
  stream: Writable,
  head: () => Promise<string>,
): Promise<ExportTarget> {
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  stream.on('error', onError);

  return {
    exported: { position: '0', events: 0, bytes: 0 },
    upTo: await head(),
    async write({ bytes }) {
      if (bytes.length > 0 && !stream.write(bytes)) {
        // An error ends the wait, too.
        await once(stream, 'drain').catch(onError);
      }
      if (!broken) return;
      throw new SetupError(
        `--out: standard output was closed before the end (${broken.message}); the export is not complete`,
        { cause: broken },
      );
    },
    async complete() {
      // What was written may still be on its way.
      await new Promise<void>((resolve) => stream.write('', () => resolve()));
      return 1;
    },
    async leave() {},
  };
}
