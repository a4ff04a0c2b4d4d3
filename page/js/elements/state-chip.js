// SPDX-License-Identifier: Apache-2.0
import { fill, h, icon } from '../dom.js';

/** `<state-chip state="rec" text="Recording" [soft] [glyph]>`: a hue, a shape and a word; with `glyph` the word is only spoken. */
customElements.define(
  'state-chip',
  class extends HTMLElement {
    static observedAttributes = ['state', 'text'];

    connectedCallback() {
      this.#draw();
    }

    attributeChangedCallback() {
      if (this.isConnected) this.#draw();
    }

    #draw() {
      fill(this, icon(`state-${this.getAttribute('state')}`), h('span', { class: this.hasAttribute('glyph') && 'spoken' }, this.getAttribute('text')));
    }
  },
);

export const chip = (state, text, attributes = {}) => h('state-chip', { state, text, ...attributes });
