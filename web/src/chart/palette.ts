/** The colours of the page for the canvas, read from the style sheet so that both schemes stay in one place. */
export interface Palette {
  ink: string;
  ink2: string;
  ink3: string;
  line: string;
  line2: string;
  panel: string;
  hue: Record<'opt-0' | 'opt-a' | 'opt-b' | 'opt-c', string>;
  font: string;
}

export function palette(element: Element): Palette {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: read('--ink'),
    ink2: read('--ink2'),
    ink3: read('--ink3'),
    line: read('--line'),
    line2: read('--line2'),
    panel: read('--panel'),
    hue: { 'opt-0': read('--opt-0'), 'opt-a': read('--opt-a'), 'opt-b': read('--opt-b'), 'opt-c': read('--opt-c') },
    font: `11.5px ${read('--sans')}`,
  };
}
