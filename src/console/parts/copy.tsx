import { Check, Copy as CopyIcon } from 'lucide-react';
import { useState } from 'react';

const SHOWN_MS = 1_500;

/** Copies a text to the clipboard. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="icon copy"
      aria-label={isCopied ? 'Copied' : `Copy: ${what}`}
      title={`Copy: ${what}`}
      onClick={() => {
        void navigator.clipboard.writeText(text).then(() => {
          setCopied(true);
          setTimeout(() => setCopied(false), SHOWN_MS);
        });
      }}
    >
      {isCopied ? <Check /> : <CopyIcon />}
    </button>
  );
}
