import type { ProcessEvent } from '../../api/client.ts';
import { retriesOf } from './attempts.ts';

/** The steps that took several attempts, and why: what most readers come for. */
export function Retries({
  events,
  onShow,
}: {
  events: readonly ProcessEvent[];
  onShow: (version: number) => void;
}) {
  const retries = retriesOf(events);
  if (retries.length === 0) return null;
  return (
    <ul className="retries" aria-label="Retries">
      {retries.map(({ step, attempts, outcome, causes }) => (
        <li key={step}>
          <strong>{step}</strong> {OUTCOMES[outcome](attempts)}
          {causes.map(({ code, message, times, version }) => (
            <span key={version} className="cause">
              {times} × <code>{code}</code> {message}{' '}
              <button
                type="button"
                className="link"
                aria-label={`Show the attempt: ${step}, ${code}`}
                onClick={() => onShow(version)}
              >
                Show
              </button>
            </span>
          ))}
        </li>
      ))}
    </ul>
  );
}

const OUTCOMES = {
  ok: (attempts: number) => `completed at attempt ${attempts}. Before that:`,
  error: (attempts: number) =>
    `failed at ${attempts === 1 ? 'its attempt' : `${attempts} attempts`}:`,
  cancelled: (attempts: number) => `was cancelled at attempt ${attempts}. Before that:`,
} as const;
