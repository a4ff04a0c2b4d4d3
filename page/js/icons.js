// SPDX-License-Identifier: Apache-2.0

const ID = 'icon-';

/** The address of a drawing within the page. */
export const drawing = name => `#${ID}${name}`;

/** Brings the drawings of icons.svg into the page, once: they need no connection of their own while live video has them. */
export async function loadIcons() {
  const response = await fetch('icons.svg');
  const { documentElement } = new DOMParser().parseFromString(await response.text(), 'image/svg+xml');
  for (const symbol of documentElement.querySelectorAll('symbol')) symbol.id = ID + symbol.id;
  documentElement.setAttribute('hidden', '');
  documentElement.setAttribute('aria-hidden', 'true');
  document.body.append(document.adoptNode(documentElement));
}
