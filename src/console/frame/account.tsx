import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { LogOut, Monitor, Moon, Sun } from 'lucide-react';
import { sessionQuery, signOut } from '../api/session.ts';
import { setTheme, type Theme, useTheme } from './theme.ts';

const THEMES = [
  { theme: 'system', title: 'As the system', icon: Monitor },
  { theme: 'light', title: 'Light', icon: Sun },
  { theme: 'dark', title: 'Dark', icon: Moon },
] as const satisfies readonly { theme: Theme; title: string; icon: typeof Sun }[];

/** Who uses the console, and how it looks to them. */
export function Account() {
  const { data: session } = useQuery(sessionQuery);
  const client = useQueryClient();
  const leave = useMutation({
    mutationFn: signOut,
    // What this caller was allowed to see leaves the memory of the page.
    onSuccess: () => client.resetQueries(),
  });
  return (
    <div className="account">
      <ThemeChoice />
      {session?.accessControl === 'on' && (
        <>
          <span className="caller" title={`Scopes: ${session.scopes.join(', ')}`}>
            {session.name}
          </span>
          <button
            type="button"
            className="icon"
            aria-label="Sign out"
            title="Sign out"
            onClick={() => leave.mutate()}
          >
            <LogOut />
          </button>
        </>
      )}
    </div>
  );
}

function ThemeChoice() {
  const chosen = useTheme();
  return (
    <fieldset className="segments" aria-label="Theme">
      {THEMES.map(({ theme, title, icon: Icon }) => (
        <label key={theme} title={title}>
          <input
            type="radio"
            name="theme"
            aria-label={title}
            checked={theme === chosen}
            onChange={() => setTheme(theme)}
          />
          <Icon aria-hidden />
        </label>
      ))}
    </fieldset>
  );
}
