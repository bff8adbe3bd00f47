import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  browserUrl,
  type ConsoleRig,
  findBarriers,
  openConsoleRig,
} from '../../support/console.ts';
import { ELSEWHERE_PROCESSES } from '../../support/elsewhere-rig.ts';

describe.skipIf(browserUrl === null)('the console with steps that are done elsewhere', () => {
  let rig: ConsoleRig;
  beforeAll(async () => {
    rig = await openConsoleRig({ PROCESSES_DIR: ELSEWHERE_PROCESSES });
    await rig.service.api.start('label', { parcel: 'p-1' }, {}, { prefer: 'respond-async' });
  });
  afterAll(() => rig?.close());

  it('shows how many tasks have no worker, of which topic and steps', async () => {
    const page = await rig.open('/console');
    const figures = page.getByRole('list', { name: 'Figures' });
    await figures.getByRole('link', { name: /^Without a worker\s*1/ }).click();
    const table = page.getByRole('region', { name: 'Tasks without a worker' });
    const row = table.getByRole('row').filter({ hasText: 'label.print' });
    await row.getByText('print of label').waitFor();
    expect(await findBarriers(page)).toEqual([]);
    expect(rig.wrongs).toEqual([]);
  });
});
