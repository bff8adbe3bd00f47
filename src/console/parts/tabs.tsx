import { type KeyboardEvent, type ReactNode, useId, useRef } from 'react';

interface Tab {
  id: string;
  title: string;
  content: () => ReactNode;
}

/** Tabs with arrow keys (https://www.w3.org/WAI/ARIA/apg/patterns/tabs/); only the chosen one is rendered. */
export function Tabs({
  label,
  tabs,
  chosen,
  onChoose,
}: {
  label: string;
  tabs: readonly Tab[];
  /** Unknown: the first. */
  chosen: string | undefined;
  onChoose: (id: string) => void;
}) {
  const base = useId();
  const list = useRef<HTMLDivElement>(null);
  const current = tabs.find(({ id }) => id === chosen) ?? tabs[0];
  if (!current) return null;

  function move(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = tabs.findIndex(({ id }) => id === current?.id);
    const next = (at + step + tabs.length) % tabs.length;
    onChoose(tabs[next]?.id ?? '');
    list.current?.querySelectorAll('button')[next]?.focus();
  }

  return (
    <div className="tabs">
      <div role="tablist" aria-label={label} ref={list} onKeyDown={move} tabIndex={-1}>
        {tabs.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`${base}-${id}`}
            aria-selected={id === current.id}
            aria-controls={`${base}-panel`}
            tabIndex={id === current.id ? 0 : -1}
            onClick={() => onChoose(id)}
          >
            {title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${current.id}`}>
        {current.content()}
      </div>
    </div>
  );
}
