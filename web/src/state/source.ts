/** Where a number on the page comes from; tests walk the page by it (API.md 12). */
export interface Source {
  twin: string;
  signal: string;
  seq: number;
  at?: number;
  fork?: string;
  option?: string;
  field?: string;
}

export type Attributes = Record<`data-${string}`, string | number | undefined>;

export function valueSource(twin: string, signal: string, seq: number): Source {
  return { twin, signal, seq };
}

/** The source as attributes, to be spread on the element that shows the number. */
export function sourced(source: Source, field?: string): Attributes {
  return {
    'data-twin': source.twin,
    'data-signal': source.signal,
    'data-seq': source.seq,
    'data-at': source.at,
    'data-fork': source.fork,
    'data-option': source.option,
    'data-field': field ?? source.field,
  };
}

/** A text quoted word for word from an object of the server. */
export function quoted(address: string, field?: string): Attributes {
  return { 'data-from': field ? `${address}#${field}` : address };
}

/** A number that is no value of a twin: the clock, dates of an axis, counts of what is shown. */
export const CHROME: Attributes = { 'data-chrome': '' };
