import { writeSync } from 'node:fs';
import { rebuildRollups } from '../../../domain/rollups/rebuild-rollups.ts';
import { rollupEvents } from '../../../domain/rollups/rollup-events.ts';
import { openTarget } from './open-target.ts';
import { waitForGo } from './reports.ts';

/** A process to be killed: runs the rollup job or rebuilds the rollups after `begin`, and reports its batches. */
const [target = '', what = 'job'] = process.argv.slice(2);
const { rollups: store, rollupSource: source } = await openTarget(target);
const { signal } = new AbortController();
const report = await waitForGo();
const onPage = ({ position }: { position: string }): void => report(position);
if (what === 'job') {
  await rollupEvents({ store, source }, { batch: 10 }, signal, onPage);
} else {
  await rebuildRollups({ store, source }, { batch: 10, madeBy: 'test' }, signal, {
    onBegin: ({ resumed }) => void writeSync(1, resumed ? 'resumed\n' : 'new\n'),
    onPage,
  });
}
writeSync(1, 'done\n');
