import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { sourcesHash } from './sources.ts';

export default defineConfig({
  base: './',
  plugins: [svelte(), sourcesHash()],
  build: {
    target: 'es2022',
    sourcemap: false,
    license: { fileName: 'licenses.md' },
    outDir: '../src/pollux/show/page',
    emptyOutDir: true,
    chunkSizeWarningLimit: 700,
  },
});
