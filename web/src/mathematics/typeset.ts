/** Formulas of the server as elements that the browser sets itself: MathML Core, nothing else. */

const MATHML = 'http://www.w3.org/1998/Math/MathML';
const ELEMENTS = new Set(
  'mrow mi mn mo mtext mspace mfrac msqrt msup msub munder mover mtable mtr mtd'.split(' '),
);
const ATTRIBUTES = new Set(['width', 'accent', 'stretchy']);

/** A formula as one `math` element. What is no MathML stays text: the page builds no other element from an answer. */
export function typeset(text: string): Element {
  const math = document.createElementNS(MATHML, 'math');
  math.setAttribute('displaystyle', 'true');
  const read = new DOMParser().parseFromString(`<math xmlns="${MATHML}">${text}</math>`, 'application/xml');
  if (read.querySelector('parsererror')) math.append(made('mtext', text));
  else math.append(...copies(read.documentElement));
  return math;
}

function copies(from: Element): Node[] {
  return [...from.childNodes].map((node) => (node instanceof Element ? copy(node) : document.createTextNode(node.textContent ?? '')));
}

function copy(from: Element): Element {
  if (from.namespaceURI !== MATHML || !ELEMENTS.has(from.localName)) return made('mtext', from.textContent ?? '');
  const element = document.createElementNS(MATHML, from.localName);
  for (const { name, value } of from.attributes) if (ATTRIBUTES.has(name)) element.setAttribute(name, value);
  element.append(...copies(from));
  return element;
}

function made(name: string, text: string): Element {
  const element = document.createElementNS(MATHML, name);
  element.textContent = text;
  return element;
}
