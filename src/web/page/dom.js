const SVG = 'http://www.w3.org/2000/svg';

/**
 * Creates an element, named `tag.class.class`: attributes if there are any (`class`, `title`, `on…` listeners, `css` custom
 * properties), then children.
 */
export function h(name, ...rest) {
  const [tag, ...classes] = name.split('.');
  return build(document.createElement(tag), classes, rest);
}

/** The same for SVG. */
export function s(name, ...rest) {
  const [tag, ...classes] = name.split('.');
  return build(document.createElementNS(SVG, tag), classes, rest);
}

function build(element, classes, rest) {
  const hasAttributes = rest[0]?.constructor === Object;
  if (classes.length > 0) element.setAttribute('class', classes.join(' '));
  for (const [name, value] of Object.entries(hasAttributes ? rest[0] : {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    // Through the object model, since the page's policy forbids style attributes.
    else if (name === 'css') for (const [key, one] of Object.entries(value)) element.style.setProperty(key, one);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  const children = hasAttributes ? rest.slice(1) : rest;
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
