import { useEffect, useRef, useState } from 'react';
import type { ProcessEvent } from '../../api/client.ts';
import { Time } from '../../parts/time.tsx';

const SLIDING_PAUSE_MS = 150;

/** Goes back through the versions of a process; the last one is now. */
export function VersionSlider({
  events,
  at,
  onChange,
}: {
  events: readonly ProcessEvent[];
  at: number | undefined;
  onChange: (at: number | undefined) => void;
}) {
  const last = events.at(-1)?.version ?? 1;
  const [version, setVersion] = useState(at ?? last);
  useEffect(() => setVersion(at ?? last), [at, last]);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  function slide(to: number): void {
    setVersion(to);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(to >= last ? undefined : to), SLIDING_PAUSE_MS);
  }

  const event = events.find((one) => one.version === version);
  return (
    <div className="versions">
      <label>
        State after version
        <input
          type="range"
          min={1}
          max={last}
          value={version}
          aria-valuetext={`${version} of ${last}, ${event?.type ?? ''}`}
          onChange={({ target }) => slide(Number(target.value))}
        />
      </label>
      <output>
        {version} of {last}
        {event && (
          <>
            {' · '}
            {event.type}
            {event.step && ` ${event.step.name}`} · <Time at={event.createdAt} exact />
          </>
        )}
      </output>
      {at !== undefined && (
        <button type="button" onClick={() => onChange(undefined)}>
          Back to now
        </button>
      )}
    </div>
  );
}
