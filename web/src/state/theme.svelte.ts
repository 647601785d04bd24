export type Theme = 'light' | 'dark';

const KEY = 'pollux-theme';

/** Light or dark: as the system is, until somebody chooses. */
export class ThemeChoice {
  theme = $state<Theme>('light');
  readonly #system = matchMedia('(prefers-color-scheme: dark)');

  constructor() {
    this.#apply(this.#stored() ?? this.#fromSystem());
    this.#system.addEventListener('change', () => {
      if (!this.#stored()) this.#apply(this.#fromSystem());
    });
  }

  toggle(): void {
    const next = this.theme === 'light' ? 'dark' : 'light';
    localStorage.setItem(KEY, next);
    this.#apply(next);
  }

  #apply(theme: Theme): void {
    this.theme = theme;
    document.documentElement.dataset.theme = theme;
  }

  #fromSystem(): Theme {
    return this.#system.matches ? 'dark' : 'light';
  }

  #stored(): Theme | null {
    const said = localStorage.getItem(KEY);
    return said === 'light' || said === 'dark' ? said : null;
  }
}
