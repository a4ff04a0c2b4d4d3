// SPDX-License-Identifier: Apache-2.0
import { button, h } from '../dom.js';

const SHOWN = 7000;

/** One line about what was done; it waits while it is pointed at. */
customElements.define(
  'toast-stack',
  class extends HTMLElement {
    connectedCallback() {
      this.setAttribute('role', 'status');
      this.setAttribute('aria-live', 'polite');
    }

    show(text) {
      let timer;
      const wait = length => (timer = setTimeout(() => toast.remove(), length));
      const stay = () => clearTimeout(timer);
      const toast = h(
        'div',
        { class: 'toast', on: { pointerenter: stay, focusin: stay, pointerleave: () => wait(SHOWN / 2) } },
        h('span', {}, text),
        button({ text: 'Close', on: { click: () => toast.remove() } }),
      );
      this.append(toast);
      while (this.children.length > 3) this.firstChild.remove();
      wait(SHOWN);
    }
  },
);
