// Leaves a brotli and a gzip sibling beside every built file that gains by it, so that the server only looks up and sends.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = process.argv[2] ?? fileURLToPath(new URL('../dist', import.meta.url));
const TEXT = /\.(html|js|css|svg|json|webmanifest|map|txt)$/;

/** A compressed file is worth its place in the binary from a tenth of saving on. */
const WORTHWHILE = 0.9;

for (const name of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  const path = join(dist, name);
  if (!TEXT.test(name) || !statSync(path).isFile()) continue;
  const plain = readFileSync(path);
  const encodings = {
    '.br': brotliCompressSync(plain, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
        [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
      },
    }),
    '.gz': gzipSync(plain, { level: constants.Z_BEST_COMPRESSION }),
  };
  for (const [ending, bytes] of Object.entries(encodings)) {
    if (bytes.length < plain.length * WORTHWHILE) writeFileSync(path + ending, bytes);
  }
}
