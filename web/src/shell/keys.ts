/** Keys that do what a control of the page does too. No key sends or signs. */
export type Keys = Record<string, (event: KeyboardEvent) => void>;

export const KEY_WORDS: readonly (readonly [keys: string[], words: string])[] = [
  [['←', '→'], 'move the cursor'],
  [['L'], 'live'],
  [['R'], 'replay'],
  [['W'], 'what-if'],
  [['A'], 'next alert'],
  [['J', 'K'], 'next, previous twin'],
  [['/'], 'find'],
  [['?'], 'all keys'],
];

/** Listens for keys outside of fields and dialogs. */
export function listen(keys: Keys): () => void {
  const hear = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || elsewhere(event.target)) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act(event);
  };
  window.addEventListener('keydown', hear);
  return () => window.removeEventListener('keydown', hear);
}

function elsewhere(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.closest('input, select, textarea, dialog') !== null || target.isContentEditable);
}
