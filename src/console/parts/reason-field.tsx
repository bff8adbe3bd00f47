/** Asks for the reason of an act, which is kept with it; its form finds it as `reason`. */
export function ReasonField({ placeholder, hint }: { placeholder?: string; hint?: string }) {
  return (
    <label>
      Reason
      <input
        type="text"
        name="reason"
        required
        maxLength={4_000}
        placeholder={placeholder}
        autoComplete="off"
      />
      {hint && <span className="hint">{hint}</span>}
    </label>
  );
}

/** The reason in a form with a `ReasonField`. */
export function reasonOf(form: HTMLFormElement): string {
  return String(new FormData(form).get('reason') ?? '').trim();
}
