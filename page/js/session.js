// SPDX-License-Identifier: Apache-2.0
import { get, post, remove, gate } from './api.js';

const RANK = ['viewer', 'operator', 'admin'];

/** Who is looking. `state`: `logged-in`, `logged-out`, `first-run`, `closed`, or `unknown` before the first answer. */
class Session extends EventTarget {
  state = 'unknown';
  user = null;
  role = null;

  constructor() {
    super();
    gate.addEventListener('expired', () => this.take({ state: 'logged-out' }));
  }

  async load() {
    this.take(await get('/session'));
  }

  async logIn(username, password) {
    this.take(await post('/session', { username, password }));
  }

  async begin(username, password) {
    this.take(await post('/first-run', { username, password }));
  }

  async logOut() {
    await remove('/session');
    await this.load();
  }

  /** Whether somebody of this role may do what `role` may. */
  may(role) {
    return RANK.indexOf(this.role) >= RANK.indexOf(role);
  }

  take({ state, user = null, role = null }) {
    const changed = state !== this.state || user !== this.user || role !== this.role;
    Object.assign(this, { state, user, role });
    if (changed) this.dispatchEvent(new Event('change'));
  }
}

export const session = new Session();
