// SPDX-License-Identifier: Apache-2.0
// The HTTP API: JSON in and out, problem documents as errors.

const BASE = '/api/v1';

/** What went wrong, in a sentence for a person. `status` is 0 where nobody answered; `document` is what the server said of it. */
export class Problem extends Error {
  constructor(status, sentence, { retryAfter, document } = {}) {
    super(sentence);
    this.status = status;
    this.retryAfter = retryAfter;
    this.document = document;
  }

  static async of(response) {
    let document = {};
    if (response.headers.get('Content-Type')?.startsWith('application/problem+json')) document = await response.json();
    const sentence = document.detail ?? document.title ?? `The recorder answered ${response.status}.`;
    return new Problem(response.status, sentence, { retryAfter: Number(response.headers.get('Retry-After')) || undefined, document });
  }
}

/** Told of every answer 401 that is not about a password: `expired`. */
export const gate = new EventTarget();

/** The address of something in the API. `parameters` without a value are left out, lists are repeated. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) for (const each of [value].flat()) if (each != null) query.append(name, each);
  const text = query.toString();
  return BASE + path + (text ? `?${text}` : '');
}

/** A response that is well; otherwise throws a Problem. */
export async function request(method, url, { body, signal, headers = {} } = {}) {
  const changes = method !== 'GET';
  let response;
  try {
    response = await fetch(url, {
      method,
      signal,
      credentials: 'same-origin',
      headers: changes && !headers['Content-Type'] ? { 'Content-Type': 'application/json', ...headers } : headers,
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, 'The recorder does not answer.');
  }
  if (response.ok) return response;
  if (response.status === 401 && !(method === 'POST' && url.endsWith('/session'))) gate.dispatchEvent(new Event('expired'));
  throw await Problem.of(response);
}

const json = async response => (response.status === 204 ? undefined : response.json());

export const get = async (path, parameters, signal) => json(await request('GET', address(path, parameters), { signal }));
export const post = async (path, body) => json(await request('POST', address(path), { body }));
export const patch = async (path, body) => json(await request('PATCH', address(path), { body }));
export const remove = async path => json(await request('DELETE', address(path)));

export const cameraPath = camera => `/cameras/${encodeURIComponent(camera)}`;
