// SPDX-License-Identifier: Apache-2.0
const NEXT = { auto: 'light', light: 'dark', dark: 'auto' };
const dark = matchMedia('(prefers-color-scheme: dark)');

/** Light, dark, or as the system has it. Canvases redraw on `themechange`. */
export const theme = {
  get choice() {
    return localStorage.getItem('theme') ?? 'auto';
  },

  advance() {
    localStorage.setItem('theme', NEXT[this.choice]);
    this.apply();
  },

  apply() {
    const choice = this.choice === 'auto' ? (dark.matches ? 'dark' : 'light') : this.choice;
    document.documentElement.dataset.theme = choice;
    document.dispatchEvent(new Event('themechange'));
  },
};

dark.addEventListener('change', () => theme.apply());
