// SPDX-License-Identifier: Apache-2.0
import { button, fill, h } from '../dom.js';
import { bytes, dayMonth, decimal, integer, keeping, DAY } from '../format.js';
import { status } from '../status.js';
import { forecast, room } from '../storage/forecast.js';

/** A slider of the quota has as many steps. */
const STEPS = 200;

/** How long footage would be kept, were the cameras' rate or the quota another. */
class WhatIf extends HTMLElement {
  #storage = null;
  #factor = 1;
  #limit = null;
  #parts = null;

  connectedCallback() {
    const answer = h('p', { class: 'answer', 'aria-live': 'polite' });
    const plot = h('forecast-plot');
    const slider = (label, attributes, take) => {
      const value = h('b');
      const input = h('input', { type: 'range', 'aria-label': label, ...attributes, on: { input: () => { take(Number(input.value)); this.#draw(); } } });
      return { value, input, field: h('label', {}, h('span', {}, label), value, input) };
    };
    const rate = slider('Bitrate of all', { min: 0.25, max: 3, step: 0.05, value: 1 }, value => (this.#factor = value));
    const quota = slider('Quota', { min: 1, max: STEPS, step: 1 }, value => (this.#limit = (this.#disk * value) / STEPS));
    const reset = () => {
      this.#factor = 1;
      this.#limit = null;
      this.#draw();
    };
    this.#parts = { answer, plot, rate, quota };
    fill(
      this,
      h('header', {}, h('h2', {}, 'What if'), h('span', { class: 'grow' }), button({ class: 'btn sm ghost', text: 'As it is', on: { click: reset } })),
      h('div', { class: 'pad' }, answer, plot, h('div', { class: 'sliders' }, rate.field, quota.field)),
    );
  }

  /** @param {object} storage as the recorder tells */
  show(storage) {
    this.#storage = storage;
    this.#draw();
  }

  get #disk() {
    return this.#storage.used + this.#storage.free;
  }

  #draw() {
    const { answer, plot, rate, quota } = this.#parts;
    const total = this.#storage.cameras.reduce((sum, camera) => sum + (camera.rate ?? 0), 0);
    const plan = { used: this.#storage.used, limit: room(this.#storage), rate: total, now: status.now() };
    const then = { ...plan, limit: this.#limit ?? plan.limit, rate: total * this.#factor };
    const [before, after] = [forecast(plan), forecast(then)];
    const difference = Math.round((after.kept - before.kept) / DAY);
    const compared = !difference ? '' : `, ${integer(Math.abs(difference))} ${Math.abs(difference) === 1 ? 'day' : 'days'} ${difference > 0 ? 'more' : 'fewer'} than now`;
    const gone = plan.used - then.limit;
    const until = gone > 0 ? `${bytes(gone)} of the oldest goes at once.` : after.fullAt > plan.now + DAY / 2 ? `Nothing goes until ${dayMonth(after.fullAt)}.` : 'The oldest makes room for the newest.';
    if (total) fill(answer, h('b', {}, keeping(after.kept)), `${compared}. ${until}`);
    else fill(answer, 'Nothing is being recorded: it stays as it is.');
    fill(rate.value, `× ${decimal(this.#factor, 2)}, ${bytes(then.rate * 86400)} a day`);
    fill(quota.value, then.limit >= this.#disk ? `${bytes(then.limit)}, the whole disk` : bytes(then.limit));
    rate.input.value = this.#factor;
    quota.input.value = (then.limit / this.#disk) * STEPS;
    rate.input.setAttribute('aria-valuetext', rate.value.textContent);
    quota.input.setAttribute('aria-valuetext', quota.value.textContent);
    plot.show({ now: plan, then, disk: this.#disk });
  }
}

customElements.define('what-if', WhatIf);
