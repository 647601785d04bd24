import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const LEFT_OUT = new Set(['node_modules', 'dist', '.svelte-kit']);

/** All files below a folder, as paths with forward slashes. */
function files(root: string, below = ''): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = below ? `${below}/${entry.name}` : entry.name;
    if (LEFT_OUT.has(entry.name)) return [];
    return entry.isDirectory() ? files(root, path) : [path];
  });
}

/** SHA-256 over path, NUL, bytes, NUL of every source, in the order of their paths (README.md says how to check it). */
export function hashOf(root: string): string {
  const hash = createHash('sha256');
  for (const path of files(root).sort((a, b) => (a < b ? -1 : 1))) {
    hash.update(path).update('\0').update(readFileSync(join(root, path))).update('\0');
  }
  return hash.digest('hex');
}

/** Writes the hash beside the built page, so that nobody can forget to build it. */
export function sourcesHash(): Plugin {
  let [root, outDir] = ['', ''];
  return {
    name: 'sources-hash',
    apply: 'build',
    configResolved: (config) => void ([root, outDir] = [config.root, config.build.outDir]),
    closeBundle: () => writeFileSync(join(root, outDir, 'sources.sha256'), `${hashOf(root)}\n`),
  };
}
