export type Tone = 'accent' | 'ok' | 'wrong' | 'wait' | 'quiet';

/** How an element of a diagram looks, and what stands at it. */
export interface Mark {
  /** Its id in the model: of an activity, an event, a gateway or a sequence flow. */
  activityId: string;
  tone?: Tone;
  /** Fills it with its tone, from 1 (a breath) to 5. Left out: with a tone, it has an outline. */
  heat?: 1 | 2 | 3 | 4 | 5;
  /** A few characters at its corner. */
  badge?: { text: string; title: string; tone: Tone };
}
