// SPDX-License-Identifier: Apache-2.0
import { button, fill, h } from '../dom.js';
import { bytes, integer } from '../format.js';

const SHOWN = 7000;
const MOST = 3;

/** One line about what was done, which waits while it is pointed at; and what goes on, until it ends. */
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
      const said = this.querySelectorAll('.toast:not(.lasting)');
      for (let index = 0; index < said.length - MOST; index += 1) said[index].remove();
      wait(SHOWN);
    }

    /**
     * Shows how far something is. `at` is told how many bytes of how many, if that is known.
     * @returns {{at: (got: number, total?: number) => void, end: () => void}}
     */
    follow(text, cancel) {
      const bar = h('progress', { 'aria-label': text });
      const words = h('span', { 'aria-live': 'off' });
      const toast = h('div', { class: 'toast lasting' }, h('span', {}, text), bar, words, button({ text: 'Cancel', on: { click: cancel } }));
      this.append(toast);
      return {
        at(got, total) {
          if (total) {
            bar.max = total;
            bar.value = Math.min(got, total);
          }
          fill(words, total ? `${integer((100 * Math.min(got, total)) / total)} %` : bytes(got));
        },
        end: () => toast.remove(),
      };
    }
  },
);
