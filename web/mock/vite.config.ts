import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { mock } from './plugin';

/** `npx vite --config mock/vite.config.ts` to work on the page; `npx vite preview --config mock/vite.config.ts` to look at the built one. */
export default defineConfig({
  base: './',
  plugins: [svelte(), mock()],
  server: { port: 5199, strictPort: true },
  preview: { port: 5198, strictPort: true },
  build: { outDir: '../src/pollux/show/page' },
});
