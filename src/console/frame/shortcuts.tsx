import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Dialog } from '../parts/dialog.tsx';
import { SECTIONS } from './sections.ts';

const SEARCH_KEY = '/';
/** `g` and the key of a section belong together when they come within this time. */
const SEQUENCE_MS = 1_000;

/** Keys for people who do not use a mouse; `?` lists them. */
export function Shortcuts() {
  const navigate = useNavigate();
  const [shown, setShown] = useState(false);

  useEffect(() => {
    let goPressedAt = Number.NEGATIVE_INFINITY;
    function onKey(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const isSecond = event.timeStamp - goPressedAt < SEQUENCE_MS;
      const section = isSecond && SECTIONS.find(({ key }) => key === event.key);
      goPressedAt = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY;
      if (section) void navigate({ to: section.path });
      else if (event.key === '?') setShown(true);
      else if (event.key === SEARCH_KEY) focusSearch();
      else return;
      event.preventDefault();
    }
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [navigate]);

  if (!shown) return null;
  return (
    <Dialog title="Keyboard" onClose={() => setShown(false)}>
      <dl className="keys">
        <Keys keys={['/']} does="Find a process" />
        {SECTIONS.map(({ key, title }) => (
          <Keys key={key} keys={['g', key]} does={title} />
        ))}
        <Keys keys={['↑', '↓']} does="Row above or below, in a list" />
        <Keys keys={['Enter']} does="Open the row" />
        <Keys keys={['Esc']} does="Close a dialog" />
        <Keys keys={['?']} does="This list" />
      </dl>
    </Dialog>
  );
}

function Keys({ keys, does }: { keys: readonly string[]; does: string }) {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{does}</dd>
    </div>
  );
}

function focusSearch(): void {
  document.querySelector<HTMLInputElement>('#find')?.focus();
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.matches('input:not([type=checkbox]), textarea, select') || target.isContentEditable)
  );
}
