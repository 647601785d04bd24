/** The class that carries an option's hue: 0 is always grey, A B C have hues, further ones start over. */
export function hueOf(key: string): 'opt-0' | 'opt-a' | 'opt-b' | 'opt-c' {
  if (key === '0') return 'opt-0';
  const hues = ['opt-a', 'opt-b', 'opt-c'] as const;
  return hues[(key.charCodeAt(0) - 65 + 30) % 3] ?? 'opt-a';
}
