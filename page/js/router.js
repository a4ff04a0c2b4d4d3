// SPDX-License-Identifier: Apache-2.0
// Where the page is: #/camera/front-door?t=2026-11-21T10:20:00.000Z

/** @returns {{page: string, argument?: string, parameters: URLSearchParams}} */
export function parse(hash) {
  const [path, query] = (hash.replace(/^#\/?/, '') || 'cameras').split('?');
  const [page, argument] = path.split('/');
  return { page, argument: argument && decodeURIComponent(argument), parameters: new URLSearchParams(query) };
}

/** The address of a page; parameters without a value are left out. */
export function link(page, argument, parameters = {}) {
  const query = Object.entries(parameters).filter(([, value]) => value != null).map(([name, value]) => `${name}=${value}`).join('&');
  return `#/${page}${argument ? `/${encodeURIComponent(argument)}` : ''}${query ? `?${query}` : ''}`;
}

/** Keeps the address in step with what is shown, without a step in the history. */
export function keep(hash) {
  if (hash !== location.hash) history.replaceState(null, '', hash);
}
