import { rebuildRollups } from '../../jobs/rebuild-rollups.ts';
import { rollupEvents } from '../../jobs/rollup-events.ts';
import { openTarget } from './open-target.ts';

/** A process to be killed: rolls events up, or makes the rollups anew, as soon as it is told to. */
const [target = '', what = 'job'] = process.argv.slice(2);
const { rollups: store, rollupSource: source } = await openTarget(target);
const { signal } = new AbortController();
process.stdout.write('ready\n');
process.stdin.once('data', async () => {
  const say = ({ position }: { position: string }) => void process.stdout.write(`${position}\n`);
  if (what === 'job') {
    await rollupEvents({ store, source }, { batch: 10 }, signal, say);
  } else {
    await rebuildRollups({ store, source }, { batch: 10, madeBy: 'test' }, signal, {
      onBegin: ({ resumed }) => void process.stdout.write(resumed ? 'resumed\n' : 'new\n'),
      onPage: say,
    });
  }
  process.stdout.write('done\n');
});
