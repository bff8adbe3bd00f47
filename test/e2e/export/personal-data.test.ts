import { expect, it, onTestFinished } from 'vitest';
import { EXPORT_FORMATS } from '../../../infrastructure/files/export-formats.ts';
import { ADA, newFolder, personal, run } from '../../support/erasure.ts';
import { readExport } from '../../support/exported.ts';
import { foundIn } from '../../support/personal.ts';
import { startTestService } from '../../support/service.ts';

it('personal data is decrypted in the pages of the feed, and encrypted in every export', async () => {
  const folder = newFolder();
  const service = await startTestService(personal(), folder);
  onTestFinished(service.stop);
  const { status } = await service.api.start('personal', { how: 'ok', ...ADA });
  expect(status).toBe(200);
  const page = await service.api.get('/api/events');
  expect(foundIn(page.text)).toEqual([ADA.email, ADA.fullName]);
  const { length } = page.body.events;

  for (const format of EXPORT_FORMATS) {
    const answer = await fetch(`${service.url}/api/events?format=${format}`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const rows = await readExport(format, bytes);
    expect(rows).toHaveLength(length);
    expect(foundIn(textOf(rows)), format).toEqual([]);
    expect(foundIn(bytes.toString('latin1')), format).toEqual([]);
  }
  const { code, out, err } = await run(folder, ['export', '--out', '-']);
  expect(code, err).toBe(0);
  expect(await readExport('ndjson', Buffer.from(out))).toHaveLength(length);
  expect(foundIn(out), 'by the command').toEqual([]);
});

function textOf(rows: readonly object[]): string {
  return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}
