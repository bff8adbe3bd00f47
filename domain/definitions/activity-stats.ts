import type { OpenActivity } from '../engine/index.ts';
import { stepNumbers, type Tally } from '../rollups/index.ts';
import type { ModelActivity } from './model-activity.ts';

/** What the attempts at a step were in a range; durations in milliseconds, null where nothing was timed. */
type StepFigures = ReturnType<typeof stepNumbers>;

/** An activity with the figures of its step, null when it has none; and what stands at it now. */
export interface ActivityStats {
  activity: ModelActivity;
  step: string | null;
  figures: StepFigures | null;
  open: number;
  incidents: number;
}

const NONE: StepFigures = {
  ...{ count: 0, errors: 0, errorRate: 0, timed: 0 },
  ...{ minMs: null, avgMs: null, maxMs: null, p50Ms: null, p95Ms: null, p99Ms: null },
};

/** Puts the figures of steps to the activities that they are in the model. A step of several activities shows at each. */
export function statsOf(
  activities: readonly { activity: ModelActivity; step: string | null }[],
  tallies: readonly Tally<'step'>[],
  open: readonly OpenActivity[],
): ActivityStats[] {
  const byStep = new Map(tallies.map((tally) => [tally.group.step, tally]));
  const byId = new Map(open.map((one) => [one.activityId, one]));
  return activities.map(({ activity, step }) => {
    const tally = step === null ? undefined : byStep.get(step);
    const now = byId.get(activity.id);
    return {
      activity,
      step,
      figures: tally ? stepNumbers(tally) : step === null ? null : NONE,
      open: now?.open ?? 0,
      incidents: now?.incidents ?? 0,
    };
  });
}
