import { type FormEvent, type ReactNode, useId, useState } from 'react';
import { type FormField, fieldsOf, type JsonSchema, readField } from './fields-of-schema.ts';

/** Without a schema the variables are written as JSON. */
const WHOLE: FormField = { name: 'variables', kind: 'json', isRequired: false, schema: {} };

/** A form made of a JSON schema; `onSend` gets what was filled in. */
export function SchemaForm({
  schema,
  button,
  isSending,
  errors,
  children,
  onSend,
}: {
  schema: JsonSchema | null;
  button: string;
  isSending: boolean;
  /** Of the service, by the paths of the variables. */
  errors: readonly { path: string; message: string }[];
  /** Shown above the button. */
  children?: ReactNode;
  onSend: (variables: Record<string, unknown>) => void;
}) {
  const [wrongs, setWrongs] = useState<Record<string, string>>({});
  const listed = fieldsOf(schema);
  const fields = listed ?? [WHOLE];

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    const typed = new FormData(event.currentTarget);
    const found: Record<string, string> = {};
    const variables: Record<string, unknown> = {};
    for (const field of fields) {
      const read = readField(field, String(typed.get(field.name) ?? '').trim());
      if (!read) continue;
      if ('wrong' in read) found[field.name] = read.wrong;
      else variables[field.name] = read.value;
    }
    setWrongs(found);
    if (Object.keys(found).length > 0) return;
    onSend(listed ? variables : ((variables[WHOLE.name] ?? {}) as Record<string, unknown>));
  }

  return (
    <form className="schema-form" onSubmit={submit} noValidate>
      {fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          wrong={wrongs[field.name] ?? messageFor(field.name, errors)}
        />
      ))}
      {children}
      <div>
        <button type="submit" className="primary" disabled={isSending}>
          {button}
        </button>
      </div>
    </form>
  );
}

/** The service names a variable by its path in the request. */
function messageFor(
  name: string,
  errors: readonly { path: string; message: string }[],
): string | undefined {
  return errors.find(({ path }) => path.split('.').includes(name))?.message;
}

function Field({ field, wrong }: { field: FormField; wrong: string | undefined }) {
  const id = useId();
  const { name, isRequired, schema } = field;
  const hint = [schema.description, isRequired ? null : 'optional'].filter(Boolean).join('; ');
  return (
    <div className="field">
      <label htmlFor={id}>
        {schema.title ?? name}
        {hint && <span className="hint"> {hint}</span>}
      </label>
      <Input id={id} field={field} isWrong={wrong !== undefined} />
      {wrong && <p className="error">{wrong}</p>}
    </div>
  );
}

const INPUT_TYPES = {
  number: 'number',
  date: 'date',
  time: 'datetime-local',
  text: 'text',
} as const;

function Input({ id, field, isWrong }: { id: string; field: FormField; isWrong: boolean }) {
  const { name, kind, isRequired, schema } = field;
  const fallback = schema.default === undefined ? '' : String(schema.default);
  const common = { id, name, 'aria-invalid': isWrong, 'aria-required': isRequired };
  switch (kind) {
    case 'flag':
      return (
        <select {...common} defaultValue={fallback}>
          <option value="">{isRequired ? 'Choose' : 'Leave it out'}</option>
          <option value="true">Yes</option>
          <option value="false">No</option>
        </select>
      );
    case 'choice':
      return (
        <select {...common} defaultValue={fallback}>
          <option value="">{isRequired ? 'Choose' : 'Leave it out'}</option>
          {schema.enum?.map((value) => (
            <option key={String(value)}>{String(value)}</option>
          ))}
        </select>
      );
    case 'long-text':
      return <textarea {...common} defaultValue={fallback} maxLength={schema.maxLength} />;
    case 'json':
      return <textarea {...common} className="mono" placeholder="{}" spellCheck={false} />;
    default:
      return (
        <input
          {...common}
          type={INPUT_TYPES[kind]}
          step={kind === 'number' ? 'any' : undefined}
          defaultValue={fallback}
          maxLength={schema.maxLength}
          autoComplete="off"
        />
      );
  }
}
