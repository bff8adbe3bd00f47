import { type ReactNode, useEffect, useRef, useState } from 'react';

const TYPING_PAUSE_MS = 400;

/** Filters of a view, in a row. */
export function Filters({ label, children }: { label: string; children: ReactNode }) {
  return (
    <search className="filters" aria-label={label}>
      {children}
    </search>
  );
}

interface FilterProps {
  label: string;
  value: string | undefined;
  onChange(value: string | undefined): void;
}

/** A filter with a few values. */
export function SelectFilter({
  label,
  value = '',
  onChange,
  options,
  all = 'All',
}: FilterProps & {
  options: readonly (readonly [value: string, title: string])[];
  /** The option without a filter; null: leaves it out. */
  all?: string | null;
}) {
  const isKnown = value === '' || options.some(([one]) => one === value);
  return (
    <label>
      {label}
      <select value={value} onChange={({ target }) => onChange(target.value || undefined)}>
        {all !== null && <option value="">{all}</option>}
        {!isKnown && <option value={value}>{value}</option>}
        {options.map(([one, title]) => (
          <option key={one} value={one}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A filter by a text, which applies when the typing pauses. */
export function TextFilter({
  label,
  value = '',
  onChange,
  placeholder,
}: FilterProps & { placeholder?: string }) {
  const [text, setText] = useState(value);
  // A page that renders again while somebody types must not begin the pause again.
  const apply = useRef(onChange);
  apply.current = onChange;
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text.trim() === value) return;
    const timer = setTimeout(() => apply.current(text.trim() || undefined), TYPING_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, value]);
  return (
    <label>
      {label}
      <input
        type="text"
        value={text}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        onChange={({ target }) => setText(target.value)}
        onKeyDown={({ key }) => key === 'Enter' && onChange(text.trim() || undefined)}
      />
    </label>
  );
}

/** A filter by a time, given in the zone of the reader and kept in the URL in UTC. */
export function TimeFilter({ label, value, onChange }: FilterProps) {
  return (
    <label>
      {label}
      <input
        type="datetime-local"
        value={value === undefined ? '' : localText(value)}
        onChange={({ target }) =>
          onChange(target.value === '' ? undefined : new Date(target.value).toISOString())
        }
      />
    </label>
  );
}

/** A filter that is on or off. */
export function CheckFilter({
  label,
  checked,
  onChange,
}: {
  label: string;
  checked: boolean;
  onChange(checked: boolean): void;
}) {
  return (
    <label className="check">
      <input
        type="checkbox"
        checked={checked}
        onChange={({ target }) => onChange(target.checked)}
      />
      {label}
    </label>
  );
}

/** As `datetime-local` has it. */
function localText(iso: string): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return '';
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** Whether archived ones are shown as well. */
export function ArchivedFilter({
  value,
  onChange,
}: {
  value: string | undefined;
  onChange(value: 'include' | undefined): void;
}) {
  return (
    <CheckFilter
      label="Archived, too"
      checked={value === 'include'}
      onChange={(isOn) => onChange(isOn ? 'include' : undefined)}
    />
  );
}

/** Clears all filters, while there are any. */
export function ClearFilters({ isFiltered, onClear }: { isFiltered: boolean; onClear(): void }) {
  if (!isFiltered) return null;
  return (
    <button type="button" onClick={onClear}>
      Clear
    </button>
  );
}
