// SPDX-License-Identifier: Apache-2.0
// Where the page is: #/camera/front-door?t=2026-11-21T10:20:00.000Z

/** What cannot be read leads to the cameras. @returns {{page: string, argument?: string, parameters: URLSearchParams}} */
export function parse(hash) {
  const [path, query] = (hash.replace(/^#\/?/, '') || 'cameras').split('?');
  const [page, argument] = path.split('/');
  const parameters = new URLSearchParams(query);
  try {
    if (page !== 'camera' || argument) return { page, argument: argument && decodeURIComponent(argument), parameters };
  } catch {
    // A broken escape is as good as no name.
  }
  return { page: 'cameras', argument: undefined, parameters: new URLSearchParams() };
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
