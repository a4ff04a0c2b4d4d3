// SPDX-License-Identifier: Apache-2.0
// Elements without markup strings: whatever the server says stays text.

import { drawing } from './icons.js';

const SVG = 'http://www.w3.org/2000/svg';

/**
 * Makes an element.
 * @param {string} tag
 * @param {object} [attributes] `on` has listeners, `css` has style properties (through CSSOM, as a strict policy wants it),
 *   `false`, `null` and `undefined` leave an attribute out; the rest are properties where the element has one of that name.
 * @param {...(Node|string|number|Array|null|false|undefined)} children
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (name === 'on') for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (name === 'css') for (const [key, text] of Object.entries(value)) element.style.setProperty(key, text);
    else if (name === 'class') element.className = value;
    else if (name in element && !name.includes('-') && typeof element[name] !== 'object') element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter(child => child != null && child !== false).map(textual));
  return element;
}

const textual = child => (child instanceof Node ? child : String(child));

/** Text with what stands between backticks as code, as `h` takes children. */
export const coded = text => text.split('`').map((part, index) => (index % 2 ? h('code', {}, part) : part));

/** Puts children in place of what an element has. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(child => child != null && child !== false).map(textual));
  return element;
}

/** A drawing of icons.svg; one with a label is an image, one without is decoration. */
export function icon(name, label) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'i');
  if (label) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  } else svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', drawing(name));
  svg.append(use);
  return svg;
}

/** A button; `label` is spoken and shown on hover where there is only an icon. */
export function button({ text, symbol, label, ...attributes }) {
  return h('button', { type: 'button', 'aria-label': label, title: label, ...attributes }, symbol && icon(symbol), text);
}

export const toast = text => document.querySelector('toast-stack').show(text);
