/** The equations of a class (API.md 2); formulas are MathML without the outermost element. */
export interface SymbolLine {
  symbol: string;
  name: string;
  what: string;
  unit: string;
  value: string | null;
  meaning: string | null;
}

export interface EquationGroup {
  title: string;
  equations: { left: string; sign: string; right: string }[];
}

export interface Mathematics {
  type: string;
  meaning: string | null;
  symbols: SymbolLine[];
  groups: EquationGroup[];
}
