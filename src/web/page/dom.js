const SVG = 'http://www.w3.org/2000/svg';

/** Creates an element: attributes, `class`, `title`, `on…` listeners, `css` custom properties, then children. */
export function h(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    // Through the object model, since the page's policy forbids style attributes.
    else if (name === 'css') for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replaces `old` by `made`, keeping the focus. */
export function swap(old, made) {
  const hadFocus = old.contains(document.activeElement);
  old.replaceWith(made);
  if (hadFocus) (made.matches('a,button') ? made : made.querySelector('a,button'))?.focus({ preventScroll: true });
  return made;
}

/** Replaces the children, keeping scroll positions. */
export function refill(parent, ...children) {
  const scrolled = [...parent.querySelectorAll('*')].map((one, at) => [at, one.tagName, one.scrollLeft, one.scrollTop]);
  parent.replaceChildren(...children);
  const made = parent.querySelectorAll('*');
  for (const [at, tag, left, top] of scrolled) {
    if ((left > 0 || top > 0) && made[at]?.tagName === tag) made[at].scrollTo(left, top);
  }
}
